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
#[serde(rename_all = "camelCase")]
pub(super) struct Tokens {
    prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let prompt = tokens.prompt_token_count.unwrap_or(0);
        let cached = tokens.cached_content_token_count.unwrap_or(0);
        let own_tools = tokens.tool_use_prompt_token_count.unwrap_or(0);
        let thoughts = tokens.thoughts_token_count.unwrap_or(0);
        Self {
            input_tokens: prompt.saturating_sub(cached).saturating_add(own_tools),
            output_tokens: tokens.candidates_token_count.unwrap_or(0).saturating_add(thoughts),
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
        if let Some(tokens) = self.usage_metadata.filter(|tokens| tokens.prompt_token_count.is_some()) {
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
