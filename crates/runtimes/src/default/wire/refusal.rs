//! An error in the words of a provider or of the gateway, whichever shape it has.

use serde_json::Value;

use crate::default::Broken;

/// The longest message that is kept, in characters: some providers answer with a web page.
const MESSAGE_MAX: usize = 2_000;

/// The domain under which the gateway puts its own codes into Gemini's shape.
const OURS: &str = "mainspring";

/// What an answer says whose status is no success.
///
/// The shape of the body tells itself: gateways and proxies answer with their own and not with the provider's.
pub fn refusal(status: u16, body: &[u8]) -> Broken {
    if body.trim_ascii().is_empty() {
        let message = format!("the provider answered with status {status} and without a word");
        return Broken::Refused { status, code: None, message };
    }
    match serde_json::from_slice(body) {
        Ok(told) => refused(status, &told),
        Err(_) => {
            Broken::Refused { status, code: None, message: shorten(String::from_utf8_lossy(body).trim()) }
        }
    }
}

/// The error in the document: `{"error": {...}}`, `{"error": "..."}`, `{"message": ...}`, `{"detail": ...}`, a list of
/// one of them, or any text.
pub(super) fn refused(status: u16, told: &Value) -> Broken {
    let outer = told.as_array().and_then(|list| list.first()).unwrap_or(told);
    let error = outer.get("error").filter(|error| !error.is_null()).unwrap_or(outer);
    let texts = [error.get("message"), error.get("detail"), Some(error)];
    let message = texts.into_iter().flatten().find_map(Value::as_str).filter(|text| !text.is_empty());
    let message = message.map_or_else(|| shorten(&error.to_string()), shorten);
    Broken::Refused { status, code: code(error), message }
}

/// Whether a frame of a stream holds an error in place of a piece of the answer.
pub(super) fn is_error(frame: &Value) -> bool {
    let outer = frame.as_array().and_then(|list| list.first()).unwrap_or(frame);
    outer["type"] == "error" || !outer["error"].is_null()
}

/// The most exact word or number for the error.
fn code(error: &Value) -> Option<String> {
    let details = error["details"].as_array().into_iter().flatten();
    let ours = details.filter(|detail| detail["domain"] == OURS).map(|detail| &detail["reason"]);
    let words = ["code", "type", "status"].map(|name| &error[name]);
    let word = ours.chain(words).find_map(Value::as_str).filter(|word| !word.is_empty());
    word.map(str::to_owned).or_else(|| error["code"].as_u64().map(|number| number.to_string()))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_code_are_found_in_every_shape() {
        for (body, code) in [
            (r#"{"type":"error","error":{"type":"api_error","message":"it broke"}}"#, Some("api_error")),
            (
                r#"{"type":"error","error":{"type":"api_error","message":"it broke","code":"E1603"}}"#,
                Some("E1603"),
            ),
            (r#"{"error":{"message":"it broke","type":"server_error","code":null}}"#, Some("server_error")),
            (r#"{"error":{"message":"it broke","type":"requests","code":"rate_limit"}}"#, Some("rate_limit")),
            (r#"[{"error":{"code":503,"message":"it broke","status":"UNAVAILABLE"}}]"#, Some("UNAVAILABLE")),
            (
                r#"{"error":{"code":403,"message":"it broke","status":"X","details":[{"domain":"mainspring","reason":"E1603"}]}}"#,
                Some("E1603"),
            ),
            (r#"{"object":"error","message":"it broke","code":400}"#, Some("400")),
            (r#"{"error":"it broke"}"#, None),
            (r#"{"detail":"it broke"}"#, None),
            ("it broke\n", None),
        ] {
            let expected = Broken::Refused {
                status: 400,
                code: code.map(str::to_owned),
                message: "it broke".to_owned(),
            };
            assert_eq!(refusal(400, body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn without_words_the_status_is_told_and_a_web_page_is_cut() {
        assert_eq!(refusal(502, b"").to_string(), "the provider answered with status 502 and without a word");
        assert_eq!(refusal(502, "é".repeat(3_000).as_bytes()).to_string(), "é".repeat(MESSAGE_MAX) + "...");
        assert_eq!(refusal(500, br#"{"error":{"reason":7}}"#).to_string(), r#"{"reason":7}"#);
    }
}
