//! Gemini's `generateContent`: chunks of candidates, each a document of the same shape as the whole answer.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{Stop, document::Shape, notes::Notes, stream::Fate, text::Text};
use crate::Usage;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'b> {
    #[serde(borrow)]
    response_id: Option<Text<'b>>,
    #[serde(borrow)]
    model_version: Option<Text<'b>>,
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'b>>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Tokens>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'b> {
    content: Option<Content>,
    #[serde(borrow)]
    finish_reason: Option<Text<'b>>,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    function_call: Option<IgnoredAny>,
}

/// What a refused prompt gets in place of candidates.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<IgnoredAny>,
}

/// Usage as Gemini tells it: the cache is part of the prompt, thoughts and results of its own tools are not part of anything.
#[derive(Deserialize, Clone, Copy)]
pub(super) struct Tokens {
    #[serde(rename = "promptTokenCount")]
    prompt: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount")]
    own_tools: Option<u64>,
    #[serde(rename = "cachedContentTokenCount")]
    cached: Option<u64>,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let prompt = tokens.prompt.unwrap_or(0);
        let cached = tokens.cached.unwrap_or(0);
        Self {
            input_tokens: prompt.saturating_sub(cached).saturating_add(tokens.own_tools.unwrap_or(0)),
            output_tokens: tokens.candidates.unwrap_or(0).saturating_add(tokens.thoughts.unwrap_or(0)),
            cache_read_tokens: cached,
            cache_creation_tokens: 0,
        }
    }
}

/// Reads the next frame.
pub(super) fn frame(data: &[u8], notes: &mut Notes) -> serde_json::Result<Fate> {
    let chunk: Chunk<'_> = serde_json::from_slice(data)?;
    if chunk.error.is_some() {
        notes.error(data);
        return Ok(Fate::Waits);
    }
    chunk.note(notes);
    if chunk.is_last() {
        notes.end();
    }
    Ok(if chunk.is_last() || chunk.calls() { Fate::Waits } else { Fate::Flows })
}

/// Reads an answer that is not streamed as events: one document, or an array of chunks.
pub(super) fn document(bytes: &[u8], notes: &mut Notes) -> serde_json::Result<Shape> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return array(bytes, notes);
    }
    let chunk: Chunk<'_> = serde_json::from_slice(bytes)?;
    chunk.note(notes);
    let present = chunk.candidates.is_some() || chunk.prompt_feedback.is_some();
    Ok(Shape::of(chunk.error, "candidates", present))
}

/// Reads the chunks of a stream that came as one array.
fn array(bytes: &[u8], notes: &mut Notes) -> serde_json::Result<Shape> {
    let chunks: Vec<&RawValue> = serde_json::from_slice(bytes)?;
    let mut present = false;
    for chunk in chunks {
        let chunk: Chunk<'_> = serde_json::from_str(chunk.get())?;
        if chunk.error.is_some() {
            return Ok(Shape::Error);
        }
        chunk.note(notes);
        present |= chunk.is_last();
    }
    Ok(Shape::of(None, "finishReason", present))
}

impl Chunk<'_> {
    /// Whether the answer ends with it. A refused prompt has no candidate that could finish.
    fn is_last(&self) -> bool {
        let refused = self.prompt_feedback.as_ref().is_some_and(|feedback| feedback.block_reason.is_some());
        refused || self.candidates.iter().flatten().any(|candidate| candidate.finish_reason.is_some())
    }

    /// Whether it calls a tool.
    fn calls(&self) -> bool {
        let contents = self.candidates.iter().flatten().filter_map(|candidate| candidate.content.as_ref());
        contents.flat_map(|content| content.parts.iter().flatten()).any(|part| part.function_call.is_some())
    }

    fn note(&self, notes: &mut Notes) {
        notes.name(self.response_id.as_deref(), self.model_version.as_deref());
        // Vertex sends metadata without counts before it knows them.
        if let Some(tokens) = self.usage_metadata.filter(|tokens| tokens.prompt.is_some()) {
            notes.usage = Some(tokens.into());
        }
        if self.calls() {
            notes.stop(Stop::Tool);
        }
        let reasons =
            self.candidates.iter().flatten().filter_map(|candidate| candidate.finish_reason.as_deref());
        for reason in reasons {
            notes.stop(match reason {
                "STOP" => Stop::Natural,
                "MAX_TOKENS" => Stop::Length,
                _ => Stop::Other,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples::*, *};
    use crate::{answer::End, route::Api};

    const USAGE: Usage =
        Usage { input_tokens: 11, output_tokens: 42, cache_read_tokens: 300, cache_creation_tokens: 0 };

    #[test]
    fn text_flows_and_a_chunk_with_a_call_waits_with_all_that_follows() {
        let (flowed, answer) = read_stream(Api::Generate, GENERATE);
        assert_eq!(flowed, before(GENERATE, "functionCall"));
        assert_eq!((answer.end, answer.stop, answer.usage), (End::Whole, Stop::Tool, Some(USAGE)));
        assert_eq!(
            (answer.response_id.as_deref(), answer.model.as_deref()),
            (Some("gem_1"), Some("gemini-x"))
        );
    }

    #[test]
    fn the_last_chunk_waits_even_if_it_holds_text() {
        let chunk = r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"MAX_TOKENS"}]}"#;
        let (flowed, answer) = read_stream(Api::Generate, &format!("data: {chunk}\r\n\r\n"));
        assert_eq!((flowed.as_str(), answer.end, answer.stop), ("", End::Whole, Stop::Length));
    }

    #[test]
    fn a_refused_prompt_is_a_whole_answer_without_candidates() {
        let chunk = r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}"#;
        for answer in
            [read_stream(Api::Generate, &format!("data: {chunk}\n\n")).1, read_document(Api::Generate, chunk)]
        {
            assert_eq!((answer.end, answer.stop), (End::Whole, Stop::Other));
            assert_eq!(answer.usage.map(|usage| usage.total()), Some(4));
        }
    }

    #[test]
    fn a_stream_that_comes_as_an_array_is_read_at_its_end() {
        let chunks: Vec<_> =
            GENERATE.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect();
        let (flowed, answer) = read_stream(Api::Generate, &format!("[{}]", chunks.join(",\r\n")));
        assert_eq!((flowed.as_str(), answer.end, answer.usage), ("", End::Whole, Some(USAGE)));
        let (_, answer) = read_stream(Api::Generate, &format!("[{}", chunks.join(",\r\n")));
        assert_eq!(answer.end, End::Truncated);
        let (_, answer) = read_stream(Api::Generate, &format!("[{}]", chunks[0]));
        assert!(matches!(answer.end, End::Malformed { .. }), "{:?}", answer.end);
    }

    #[test]
    fn an_error_in_the_stream_is_no_answer() {
        let error = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
        let end = End::ErrorEvent { message: "The model is overloaded.".into(), retryable: true };
        for body in [format!("data: {error}\n\n"), format!("[{error}]"), error.to_owned()] {
            assert_eq!(read_stream(Api::Generate, &body).1.end, end, "{body}");
        }
    }

    #[test]
    fn results_of_its_own_tools_are_input_and_thoughts_are_output() {
        let usage = r#"{"promptTokenCount":10,"toolUsePromptTokenCount":5,"candidatesTokenCount":2,"thoughtsTokenCount":3}"#;
        let body = format!(r#"{{"candidates":[{{"finishReason":"STOP"}}],"usageMetadata":{usage}}}"#);
        let usage = Usage { input_tokens: 15, output_tokens: 5, ..Usage::default() };
        assert_eq!(read_document(Api::Generate, &body).usage, Some(usage));
    }
}
