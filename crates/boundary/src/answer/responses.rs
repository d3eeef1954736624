//! `OpenAI`'s Responses: items that are added, grow and are done, inside one response.

use serde::{Deserialize, de::IgnoredAny};

use super::{Stop, document::Shape, notes::Notes, stream::Fate, text::Text};
use crate::Usage;

#[derive(Deserialize)]
struct Frame<'b> {
    #[serde(rename = "type", default)]
    kind: Kind,
    #[serde(borrow)]
    response: Option<Response<'b>>,
    #[serde(borrow)]
    item: Option<Item<'b>>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy, Default)]
enum Kind {
    #[serde(rename = "response.output_item.done")]
    ItemDone,
    #[serde(rename = "response.function_call_arguments.done", alias = "response.custom_tool_call_input.done")]
    CallDone,
    #[serde(rename = "response.completed", alias = "response.incomplete")]
    Ended,
    #[serde(rename = "response.failed", alias = "error")]
    Failed,
    #[default]
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Response<'b> {
    #[serde(borrow)]
    id: Option<Text<'b>>,
    #[serde(borrow)]
    model: Option<Text<'b>>,
    #[serde(borrow)]
    status: Option<Text<'b>>,
    #[serde(borrow)]
    incomplete_details: Option<Incomplete<'b>>,
    #[serde(borrow)]
    output: Option<Vec<Item<'b>>>,
    usage: Option<Tokens>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Incomplete<'b> {
    #[serde(borrow)]
    reason: Option<Text<'b>>,
}

#[derive(Deserialize)]
struct Item<'b> {
    #[serde(rename = "type", borrow, default)]
    kind: Text<'b>,
}

impl Item<'_> {
    /// Whether it is something to read. Every other item is a call, or may be one that is not known here.
    fn is_text(&self) -> bool {
        matches!(&*self.kind, "message" | "reasoning")
    }

    /// Whether the agent is to do something, rather than the provider.
    fn awaits_agent(&self) -> bool {
        let kinds = ["function", "custom_tool", "computer", "local_shell", "shell", "apply_patch"];
        self.kind.strip_suffix("_call").is_some_and(|kind| kinds.contains(&kind))
    }
}

/// Usage as Responses tells it: what the cache gave is part of the input.
#[derive(Deserialize, Clone, Copy)]
struct Tokens {
    #[serde(rename = "input_tokens")]
    input: Option<u64>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
    #[serde(rename = "input_tokens_details")]
    details: Option<Details>,
}

#[derive(Deserialize, Clone, Copy)]
struct Details {
    cached_tokens: Option<u64>,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let cached = tokens.details.and_then(|details| details.cached_tokens).unwrap_or(0);
        Self {
            input_tokens: tokens.input.unwrap_or(0).saturating_sub(cached),
            output_tokens: tokens.output.unwrap_or(0),
            cache_read_tokens: cached,
            cache_creation_tokens: 0,
        }
    }
}

/// Reads the next frame.
pub(super) fn frame(data: &[u8], notes: &mut Notes) -> serde_json::Result<Fate> {
    // Servers that came from Chat Completions may close with its marker; it says nothing here.
    if data.trim_ascii() == b"[DONE]" {
        return Ok(Fate::Waits);
    }
    let frame: Frame<'_> = serde_json::from_slice(data)?;
    if let Some(response) = &frame.response {
        response.note(notes);
    }
    Ok(match frame.kind {
        Kind::Failed => fail(data, notes),
        _ if frame.error.is_some() => fail(data, notes),
        Kind::ItemDone if frame.item.as_ref().is_some_and(Item::is_text) => Fate::Flows,
        Kind::ItemDone | Kind::CallDone => {
            note_calls(frame.item.as_slice(), notes);
            Fate::Waits
        }
        Kind::Ended => {
            notes.end();
            Fate::Waits
        }
        Kind::Other => Fate::Flows,
    })
}

fn note_calls(items: &[Item<'_>], notes: &mut Notes) {
    if items.iter().any(Item::awaits_agent) {
        notes.stop(Stop::Tool);
    }
}

fn fail(data: &[u8], notes: &mut Notes) -> Fate {
    notes.error(data);
    Fate::Waits
}

/// Reads an answer that is not streamed.
pub(super) fn document(bytes: &[u8], notes: &mut Notes) -> serde_json::Result<Shape> {
    let response: Response<'_> = serde_json::from_slice(bytes)?;
    response.note(notes);
    Ok(Shape::of(response.error, "output", response.output.is_some()))
}

impl Response<'_> {
    fn note(&self, notes: &mut Notes) {
        notes.name(self.id.as_deref(), self.model.as_deref());
        if let Some(tokens) = self.usage {
            notes.usage = Some(tokens.into());
        }
        note_calls(self.output.as_deref().unwrap_or_default(), notes);
        match self.status.as_deref() {
            Some("completed") => notes.stop(Stop::Natural),
            Some("incomplete") => notes.stop(self.shortfall()),
            _ => {}
        }
    }

    /// Why it is incomplete.
    fn shortfall(&self) -> Stop {
        match self.incomplete_details.as_ref().and_then(|details| details.reason.as_deref()) {
            Some("max_output_tokens") => Stop::Length,
            _ => Stop::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples::*, *};
    use crate::{answer::End, route::Api};

    #[test]
    fn text_and_reasoning_flow_and_a_complete_call_waits() {
        let (flowed, answer) = read_stream(Api::Responses, RESPONSES);
        assert_eq!(flowed, before(RESPONSES, "arguments.done"));
        assert_eq!((answer.end, answer.stop), (End::Whole, Stop::Tool));
        assert_eq!((answer.response_id.as_deref(), answer.model.as_deref()), (Some("resp_1"), Some("gpt-x")));
        let usage = Usage { input_tokens: 11, output_tokens: 42, cache_read_tokens: 300, ..Usage::default() };
        assert_eq!(answer.usage, Some(usage));
    }

    #[test]
    fn a_custom_call_and_a_call_of_an_unknown_kind_wait_too() {
        for frame in [
            r#"{"type":"response.custom_tool_call_input.done","input":"ls"}"#,
            r#"{"type":"response.output_item.done","item":{"type":"something_call"}}"#,
            r#"{"type":"response.output_item.done"}"#,
        ] {
            assert_eq!(read_stream(Api::Responses, &format!("data: {frame}\n\n")).0, "", "{frame}");
        }
    }

    #[test]
    fn a_call_the_provider_carries_out_is_not_waited_for() {
        let start = before(RESPONSES, "arguments.done");
        let searched = r#"{"type":"response.output_item.done","item":{"type":"web_search_call"}}"#;
        let ended = r#"{"type":"response.completed","response":{"status":"completed"}}"#;
        let (_, answer) =
            read_stream(Api::Responses, &format!("{start}data: {searched}\n\ndata: {ended}\n\n"));
        assert_eq!((answer.end, answer.stop), (End::Whole, Stop::Natural));
    }

    #[test]
    fn a_failed_response_is_no_answer() {
        let failed = r#"{"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"The model broke."},"usage":null}}"#;
        let (_, answer) = read_stream(Api::Responses, &format!("data: {failed}\n\n"));
        assert_eq!(answer.end, End::ErrorEvent { message: "The model broke.".into(), retryable: true });
        let error = r#"{"type":"error","code":"invalid_prompt","message":"Not that.","param":null}"#;
        let (_, answer) = read_stream(Api::Responses, &format!("data: {error}\n\n"));
        assert_eq!(answer.end, End::ErrorEvent { message: "Not that.".into(), retryable: false });
    }

    #[test]
    fn an_incomplete_response_is_whole_and_says_why() {
        for (reason, stop) in [("max_output_tokens", Stop::Length), ("content_filter", Stop::Other)] {
            let response = format!(
                r#"{{"status":"incomplete","incomplete_details":{{"reason":"{reason}"}},"output":[{{"type":"function_call"}}]}}"#
            );
            let frame = format!("data: {{\"type\":\"response.incomplete\",\"response\":{response}}}\n\n");
            for answer in [read_stream(Api::Responses, &frame).1, read_document(Api::Responses, &response)] {
                assert_eq!((answer.end, answer.stop), (End::Whole, stop), "{reason}");
            }
        }
    }

    #[test]
    fn a_document_is_a_response_an_error_or_neither() {
        let failed = r#"{"id":"resp_1","status":"failed","output":[],"error":{"code":"rate_limit_exceeded","message":"Slow down."}}"#;
        let end = End::ErrorEvent { message: "Slow down.".into(), retryable: true };
        assert_eq!(read_document(Api::Responses, failed).end, end);
        assert_eq!(read_document(Api::Responses, &failed[..40]).end, End::Truncated);
        let detail = "the answer has no `output`".to_owned();
        assert_eq!(read_document(Api::Responses, r#"{"id":"resp_1"}"#).end, End::Malformed { detail });
    }
}
