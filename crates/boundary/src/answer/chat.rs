//! `OpenAI`'s Chat Completions: chunks of choices, then `[DONE]`.

use serde::{Deserialize, de::IgnoredAny};

use super::{Stop, UsageChunk, document::Shape, notes::Notes, stream::Fate, text::Text};
use crate::Usage;

/// Which tool call is being written, and for whom the usage is.
#[derive(Debug)]
pub(super) struct Calls {
    open: Option<u64>,
    usage_chunk: UsageChunk,
}

/// A chunk, or the whole completion: they differ in `delta` and `message` alone.
#[derive(Deserialize)]
struct Completion<'b> {
    #[serde(borrow)]
    id: Option<Text<'b>>,
    #[serde(borrow)]
    model: Option<Text<'b>>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'b>>>,
    usage: Option<Tokens>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice<'b> {
    delta: Option<Delta>,
    #[serde(borrow)]
    finish_reason: Option<Text<'b>>,
}

#[derive(Deserialize)]
struct Delta {
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<u64>,
}

/// Usage as `OpenAI` tells it: what the caches did is part of the prompt.
#[derive(Deserialize, Clone, Copy)]
pub(super) struct Tokens {
    #[serde(rename = "prompt_tokens")]
    prompt: Option<u64>,
    #[serde(rename = "completion_tokens")]
    completion: Option<u64>,
    #[serde(rename = "total_tokens")]
    total: Option<u64>,
    #[serde(rename = "prompt_tokens_details")]
    details: Option<Details>,
}

#[derive(Deserialize, Clone, Copy)]
struct Details {
    cached_tokens: Option<u64>,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let prompt = tokens.prompt.unwrap_or(0);
        let cached = tokens.details.and_then(|details| details.cached_tokens).unwrap_or(0);
        // xAI counts reasoning in the total and not in the completion; elsewhere the two agree.
        let rest = tokens.total.unwrap_or(0).saturating_sub(prompt);
        Self {
            input_tokens: prompt.saturating_sub(cached),
            output_tokens: tokens.completion.unwrap_or(0).max(rest),
            cache_read_tokens: cached,
            cache_creation_tokens: 0,
        }
    }
}

impl Calls {
    /// At the beginning of a stream.
    pub(super) fn new(usage_chunk: UsageChunk) -> Self {
        Self { open: None, usage_chunk }
    }

    /// Reads the next frame.
    pub(super) fn frame(&mut self, data: &[u8], notes: &mut Notes) -> serde_json::Result<Fate> {
        if data.trim_ascii() == b"[DONE]" {
            notes.end();
            return Ok(Fate::Waits);
        }
        let chunk: Completion<'_> = serde_json::from_slice(data)?;
        if chunk.error.is_some() {
            notes.error(data);
            return Ok(Fate::Waits);
        }
        chunk.note(notes);
        let choices = chunk.choices.as_deref().unwrap_or_default();
        if choices.is_empty() && chunk.usage.is_some() && self.usage_chunk == UsageChunk::Ours {
            return Ok(Fate::Vanishes);
        }
        let finished = choices.iter().any(|choice| choice.finish_reason.is_some());
        let waits = self.begins_another(choices) || finished;
        Ok(if waits { Fate::Waits } else { Fate::Flows })
    }

    /// Whether a call begins after another, which is complete with that.
    fn begins_another(&mut self, choices: &[Choice<'_>]) -> bool {
        let calls = choices.iter().filter_map(|choice| choice.delta.as_ref()?.tool_calls.as_ref()).flatten();
        let mut another = false;
        for call in calls {
            let index = call.index.unwrap_or(0);
            another |= self.open.replace(index).is_some_and(|open| open != index);
        }
        another
    }
}

/// Reads an answer that is not streamed.
pub(super) fn document(bytes: &[u8], notes: &mut Notes) -> serde_json::Result<Shape> {
    let completion: Completion<'_> = serde_json::from_slice(bytes)?;
    completion.note(notes);
    Ok(Shape::of(completion.error, "choices", completion.choices.is_some()))
}

impl Completion<'_> {
    fn note(&self, notes: &mut Notes) {
        notes.name(self.id.as_deref(), self.model.as_deref());
        if let Some(tokens) = self.usage {
            notes.usage = Some(tokens.into());
        }
        let reasons = self.choices.iter().flatten().filter_map(|choice| choice.finish_reason.as_deref());
        for reason in reasons {
            notes.stop(match reason {
                "stop" => Stop::Natural,
                "length" => Stop::Length,
                "tool_calls" | "function_call" => Stop::Tool,
                _ => Stop::Other,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples::*, *};
    use crate::{
        answer::{End, Reader},
        route::{Api, Family, Route},
    };

    const USAGE: Usage =
        Usage { input_tokens: 11, output_tokens: 42, cache_read_tokens: 300, cache_creation_tokens: 0 };

    #[test]
    fn a_call_waits_from_where_the_next_one_begins() {
        let (flowed, answer) = read_stream(Api::Chat, CHAT);
        assert_eq!(flowed, before(CHAT, "call_2"));
        assert_eq!((answer.end, answer.stop, answer.usage), (End::Whole, Stop::Tool, Some(USAGE)));
        assert_eq!(
            (answer.response_id.as_deref(), answer.model.as_deref()),
            (Some("chatcmpl-1"), Some("gpt-x"))
        );
    }

    #[test]
    fn two_calls_in_one_chunk_wait_and_one_alone_flows_until_the_finish() {
        let one = r#"{"index":0,"id":"call_1"}"#;
        for (calls, flows) in
            [(one.to_owned(), true), (format!(r#"{one},{{"index":1,"id":"call_2"}}"#), false)]
        {
            let body = format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{calls}]}}}}]}}\n\n");
            assert_eq!(!read_stream(Api::Chat, &body).0.is_empty(), flows, "{calls}");
        }
        let finish = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n";
        assert_eq!(read_stream(Api::Chat, finish).0, "");
    }

    #[test]
    fn a_usage_chunk_of_ours_vanishes_and_is_counted() {
        let route = Route { family: Family::OpenAi, api: Api::Chat, model: None, stream: None };
        let reader = Reader::new(&route, true, UsageChunk::Ours);
        let (flowed, answer) = read_pieces(reader, [CHAT.as_bytes()]);
        let usage = CHAT.split_inclusive("\n\n").find(|frame| frame.contains("311")).expect("a usage chunk");
        assert_eq!([&flowed, &*answer.held].concat(), CHAT.replace(usage, "").as_bytes());
        assert_eq!((answer.end, answer.usage), (End::Whole, Some(USAGE)));
    }

    #[test]
    fn a_finish_without_the_end_marker_is_truncated() {
        assert_eq!(read_stream(Api::Chat, before(CHAT, "[DONE]")).1.end, End::Truncated);
    }

    #[test]
    fn an_error_in_the_stream_is_no_answer() {
        let error = r#"{"error":{"message":"too long","type":"BadRequestError","code":400}}"#;
        let (flowed, answer) = read_stream(Api::Chat, &format!("data: {error}\n\ndata: [DONE]\n\n"));
        assert_eq!(flowed, "");
        assert_eq!(answer.end, End::ErrorEvent { message: "too long".into(), retryable: false });
    }

    #[test]
    fn reasoning_that_is_only_in_the_total_is_output() {
        let usage = r#"{"prompt_tokens":32,"completion_tokens":9,"total_tokens":356}"#;
        let answer = read_document(Api::Chat, &format!(r#"{{"choices":[],"usage":{usage}}}"#));
        assert_eq!(answer.usage, Some(Usage { input_tokens: 32, output_tokens: 324, ..Usage::default() }));
    }

    #[test]
    fn a_document_is_a_completion_an_error_or_neither() {
        let whole = r#"{"id":"c","model":"m","choices":[{"index":0,"message":{"content":"Hi","tool_calls":null},"finish_reason":"length"}],"usage":null}"#;
        let answer = read_document(Api::Chat, whole);
        assert_eq!((answer.end, answer.stop, answer.usage), (End::Whole, Stop::Length, None));
        assert_eq!(read_document(Api::Chat, "").end, End::Truncated);
        let error = read_document(Api::Chat, r#"{"error":"model is loading"}"#).end;
        assert_eq!(error, End::ErrorEvent { message: "model is loading".into(), retryable: true });
        for wrong in ["{}", "[]", "<html>", "{\"choices\":[]} x", "{\"choices\":7}"] {
            let end = read_document(Api::Chat, wrong).end;
            assert!(matches!(end, End::Malformed { .. }), "{wrong}: {end:?}");
        }
    }

    #[test]
    fn a_document_in_place_of_a_stream_is_read_as_one() {
        let (flowed, answer) = read_stream(Api::Chat, r#"{"choices":[{"finish_reason":"stop"}]}"#);
        assert_eq!((flowed.as_str(), answer.end, answer.stop), ("", End::Whole, Stop::Natural));
    }
}
