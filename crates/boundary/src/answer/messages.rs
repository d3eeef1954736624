//! Anthropic's Messages: blocks that start, grow and stop between `message_start` and `message_stop`.

use serde::{Deserialize, de::IgnoredAny};

use super::{Stop, document::Shape, notes::Notes, stream::Fate, text::Text};
use crate::Usage;

/// Which block is open, as far as it matters.
#[derive(Default, Debug)]
pub(super) struct Blocks {
    /// The index of the tool call that is being written.
    call: Option<u64>,
}

#[derive(Deserialize)]
struct Frame<'b> {
    #[serde(rename = "type", default)]
    kind: Kind,
    #[serde(default)]
    index: u64,
    #[serde(borrow)]
    message: Option<Message<'b>>,
    #[serde(borrow)]
    content_block: Option<Block<'b>>,
    #[serde(borrow)]
    delta: Option<Delta<'b>>,
    usage: Option<Tokens>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
enum Kind {
    MessageStart,
    ContentBlockStart,
    ContentBlockStop,
    MessageDelta,
    MessageStop,
    #[default]
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message<'b> {
    #[serde(borrow)]
    id: Option<Text<'b>>,
    #[serde(borrow)]
    model: Option<Text<'b>>,
    content: Option<Vec<IgnoredAny>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'b>>,
    usage: Option<Tokens>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Block<'b> {
    #[serde(rename = "type", borrow, default)]
    kind: Text<'b>,
}

#[derive(Deserialize)]
struct Delta<'b> {
    #[serde(borrow)]
    stop_reason: Option<Text<'b>>,
}

/// Usage as Anthropic tells it: input without what the caches did, and totals so far in every frame that has it.
#[derive(Deserialize, Clone, Copy)]
struct Tokens {
    #[serde(rename = "input_tokens")]
    input: Option<u64>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
    #[serde(rename = "cache_read_input_tokens")]
    cache_read: Option<u64>,
    #[serde(rename = "cache_creation_input_tokens")]
    cache_creation: Option<u64>,
}

impl Tokens {
    /// What was known, with what is told now in its place.
    fn over(self, known: Usage) -> Usage {
        Usage {
            input_tokens: self.input.unwrap_or(known.input_tokens),
            output_tokens: self.output.unwrap_or(known.output_tokens),
            cache_read_tokens: self.cache_read.unwrap_or(known.cache_read_tokens),
            cache_creation_tokens: self.cache_creation.unwrap_or(known.cache_creation_tokens),
        }
    }
}

impl Blocks {
    /// Reads the next frame.
    pub(super) fn frame(&mut self, data: &[u8], notes: &mut Notes) -> serde_json::Result<Fate> {
        let frame: Frame<'_> = serde_json::from_slice(data)?;
        if frame.error.is_some() {
            notes.error(data);
            return Ok(Fate::Waits);
        }
        note_usage(frame.usage, notes);
        Ok(match frame.kind {
            Kind::MessageStart => {
                frame.message.iter().for_each(|message| message.note(notes));
                Fate::Flows
            }
            Kind::ContentBlockStart => {
                let is_call = frame.content_block.is_some_and(|block| block.kind.ends_with("tool_use"));
                self.call = is_call.then_some(frame.index);
                Fate::Flows
            }
            Kind::ContentBlockStop if self.call == Some(frame.index) => Fate::Waits,
            Kind::MessageDelta => {
                note_stop(frame.delta.as_ref().and_then(|delta| delta.stop_reason.as_ref()), notes);
                Fate::Waits
            }
            Kind::MessageStop => {
                notes.end();
                Fate::Waits
            }
            Kind::ContentBlockStop | Kind::Other => Fate::Flows,
        })
    }
}

/// Reads an answer that is not streamed.
pub(super) fn document(bytes: &[u8], notes: &mut Notes) -> serde_json::Result<Shape> {
    let message: Message<'_> = serde_json::from_slice(bytes)?;
    message.note(notes);
    Ok(Shape::of(message.error, "content", message.content.is_some()))
}

impl Message<'_> {
    fn note(&self, notes: &mut Notes) {
        notes.name(self.id.as_deref(), self.model.as_deref());
        note_usage(self.usage, notes);
        note_stop(self.stop_reason.as_ref(), notes);
    }
}

fn note_usage(tokens: Option<Tokens>, notes: &mut Notes) {
    if let Some(tokens) = tokens {
        notes.usage = Some(tokens.over(notes.usage.unwrap_or_default()));
    }
}

fn note_stop(reason: Option<&Text<'_>>, notes: &mut Notes) {
    let Some(reason) = reason else { return };
    notes.stop(match &**reason {
        "end_turn" | "stop_sequence" => Stop::Natural,
        "max_tokens" | "model_context_window_exceeded" => Stop::Length,
        "tool_use" => Stop::Tool,
        _ => Stop::Other,
    });
}

#[cfg(test)]
mod tests {
    use super::{super::samples::*, *};
    use crate::{answer::End, route::Api};

    #[test]
    fn text_flows_and_a_complete_call_waits_with_all_that_follows() {
        let (flowed, answer) = read_stream(Api::Messages, MESSAGES);
        assert_eq!(flowed, before(MESSAGES, r#"stop","index":1"#));
        assert_eq!((answer.end, answer.stop), (End::Whole, Stop::Tool));
        assert_eq!(
            (answer.response_id.as_deref(), answer.model.as_deref()),
            (Some("msg_1"), Some("claude-x"))
        );
    }

    #[test]
    fn a_call_of_a_tool_of_the_provider_waits_too() {
        let body = MESSAGES.replace(r#""tool_use","id""#, r#""server_tool_use","id""#);
        assert_eq!(read_stream(Api::Messages, &body).0, before(&body, r#"stop","index":1"#));
    }

    #[test]
    fn the_last_usage_told_wins_field_by_field() {
        let usage =
            Usage { input_tokens: 11, output_tokens: 42, cache_read_tokens: 300, cache_creation_tokens: 20 };
        assert_eq!(read_stream(Api::Messages, MESSAGES).1.usage, Some(usage));
        let late = MESSAGES.replace(r#""output_tokens":42"#, r#""input_tokens":9,"output_tokens":42"#);
        let usage = Usage { input_tokens: 9, ..usage };
        assert_eq!(read_stream(Api::Messages, &late).1.usage, Some(usage));
    }

    #[test]
    fn the_first_frame_tells_the_id_and_what_the_input_costs() {
        let mut reader = reader(Api::Messages, true);
        reader.push(before(MESSAGES, "ping").to_owned().into());
        assert_eq!((reader.response_id(), reader.seen().total()), (Some("msg_1"), 332));
    }

    #[test]
    fn an_error_event_is_no_answer() {
        let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let start = before(MESSAGES, "message_delta");
        for body in [format!("{start}event: error\ndata: {error}\n\n"), format!("{start}data: {error}\n\n")] {
            let (_, answer) = read_stream(Api::Messages, &body);
            assert_eq!(answer.end, End::ErrorEvent { message: "Overloaded".into(), retryable: true });
            assert_eq!(answer.usage.map(|usage| usage.input_tokens), Some(11));
        }
    }

    #[test]
    fn a_frame_that_is_no_json_waits_and_spoils_the_answer() {
        let start = before(MESSAGES, r#"stop","index":0"#);
        let (flowed, answer) =
            read_stream(Api::Messages, &MESSAGES.replace(r#"stop","index":0}"#, r#"stop","#));
        assert_eq!(flowed, start);
        assert!(matches!(answer.end, End::Malformed { .. }), "{:?}", answer.end);
    }

    #[test]
    fn every_stop_reason_has_its_meaning() {
        for (reason, stop) in [
            ("end_turn", Stop::Natural),
            ("stop_sequence", Stop::Natural),
            ("max_tokens", Stop::Length),
            ("model_context_window_exceeded", Stop::Length),
            ("refusal", Stop::Other),
            ("pause_turn", Stop::Other),
        ] {
            let body =
                MESSAGES.replace(r#""stop_reason":"tool_use""#, &format!(r#""stop_reason":"{reason}""#));
            assert_eq!(read_stream(Api::Messages, &body).1.stop, stop, "{reason}");
        }
    }

    #[test]
    fn a_document_is_a_message_an_error_or_neither() {
        let whole = r#"{"id":"msg_1","type":"message","model":"claude-x","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#;
        let answer = read_document(Api::Messages, whole);
        assert_eq!((answer.end, answer.stop), (End::Whole, Stop::Natural));
        assert_eq!(answer.usage.map(|usage| usage.total()), Some(5));
        assert_eq!(read_document(Api::Messages, &whole[..whole.len() - 1]).end, End::Truncated);
        let error = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no such model"}}"#;
        let end = End::ErrorEvent { message: "no such model".into(), retryable: false };
        assert_eq!(read_document(Api::Messages, error).end, end);
        let detail = "the answer has no `content`".to_owned();
        assert_eq!(read_document(Api::Messages, r#"{"id":"msg_1"}"#).end, End::Malformed { detail });
    }
}
