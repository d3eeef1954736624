//! An error in a provider's words, whichever shape it has.

use serde_json::Value;

/// The longest message that is kept, in characters: some providers send a web page.
const MESSAGE_MAX: usize = 500;

/// Words by which providers say that the request itself is at fault, so that it fails again as it is.
const LASTING: [&str; 22] = [
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "billing_error",
    "insufficient_quota",
    "billing_hard_limit_reached",
    "invalid_api_key",
    "model_not_found",
    "context_length_exceeded",
    "content_policy_violation",
    "content_filter",
    "invalid_prompt",
    "image_content_policy_violation",
    "unsupported_country_region_territory",
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "OUT_OF_RANGE",
];

/// An error as a provider told it.
#[derive(Debug)]
pub(crate) struct Told {
    /// What it said, shortened.
    pub(crate) message: String,
    /// The words and numbers by which it classified the error.
    words: Vec<String>,
    number: Option<u64>,
    /// How long to wait, where the body says so, as written: `34s`.
    pub(super) delay: Option<String>,
}

impl Told {
    /// Reads an error body or an error event: `{"error": {...}}`, `{"error": "..."}`, `{"response": {"error": ...}}`,
    /// `{"message": ...}`, `{"detail": ...}`, an array of one of them, or any text.
    pub(crate) fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return Self::plain(body) };
        let outer = value.as_array().and_then(|list| list.first()).unwrap_or(&value);
        let outer = outer.get("response").filter(|response| response.is_object()).unwrap_or(outer);
        let error = outer.get("error").filter(|error| !error.is_null()).unwrap_or(outer);
        let texts = [error.get("message"), error.get("detail"), Some(error)];
        let message = texts.into_iter().flatten().find_map(Value::as_str).filter(|text| !text.is_empty());
        let words = ["type", "code", "status"].iter().filter_map(|name| error.get(name)?.as_str());
        Self {
            message: message.map_or_else(|| shorten(&error.to_string()), shorten),
            words: words.map(str::to_owned).collect(),
            number: ["code", "status"].iter().find_map(|name| error.get(name)?.as_u64()),
            delay: delay(error),
        }
    }

    fn plain(body: &[u8]) -> Self {
        let message = shorten(String::from_utf8_lossy(body).trim());
        Self { message, words: Vec::new(), number: None, delay: None }
    }

    /// Whether the same request may succeed later. An error that says nothing of the kind may: the provider broke off.
    pub(crate) fn is_passing(&self) -> bool {
        let lasting_number = self
            .number
            .is_some_and(|number| (400..500).contains(&number) && !matches!(number, 408 | 409 | 429));
        !lasting_number && !self.words.iter().any(|word| LASTING.contains(&word.as_str()))
    }

    /// Whether it names the error so.
    pub(super) fn says(&self, word: &str) -> bool {
        self.words.iter().any(|said| said == word)
    }
}

/// How long to wait in Gemini's words: it sends no header.
fn delay(error: &Value) -> Option<String> {
    let details = error.get("details")?.as_array()?;
    details.iter().find_map(|detail| detail.get("retryDelay")?.as_str()).map(str::to_owned)
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
    fn the_message_is_found_in_every_shape() {
        for body in [
            r#"{"type":"error","error":{"type":"api_error","message":"it broke"},"request_id":"req_1"}"#,
            r#"{"error":{"message":"it broke","type":"server_error","param":null,"code":null}}"#,
            r#"{"error":{"code":500,"message":"it broke","status":"INTERNAL"}}"#,
            r#"[{"error":{"code":500,"message":"it broke","status":"INTERNAL"}}]"#,
            r#"{"error":"it broke"}"#,
            r#"{"message":"it broke"}"#,
            r#"{"detail":"it broke"}"#,
            r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"it broke"}}}"#,
            r#""it broke""#,
            "it broke\n",
        ] {
            let told = Told::read(body.as_bytes());
            assert_eq!(told.message, "it broke", "{body}");
            assert!(told.is_passing(), "{body}");
        }
    }

    #[test]
    fn an_error_of_another_shape_is_shown_as_it_is() {
        assert_eq!(Told::read(br#"{"error":{"reason":7}}"#).message, r#"{"reason":7}"#);
        assert_eq!(Told::read(b"").message, "");
        assert_eq!(Told::read("é".repeat(600).as_bytes()).message, "é".repeat(500) + "...");
    }

    #[test]
    fn an_error_of_the_request_lasts() {
        for error in [
            r#"{"type":"invalid_request_error"}"#,
            r#"{"code":"context_length_exceeded"}"#,
            r#"{"status":"INVALID_ARGUMENT"}"#,
            r#"{"code":404}"#,
        ] {
            assert!(!Told::read(format!(r#"{{"error":{error}}}"#).as_bytes()).is_passing(), "{error}");
        }
        assert!(Told::read(br#"{"error":{"code":429}}"#).is_passing());
    }
}
