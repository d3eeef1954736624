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
    #[serde(default)]
    index: u64,
}

/// Usage as `OpenAI` tells it: what the caches did is part of the prompt.
#[derive(Deserialize, Clone, Copy)]
pub(super) struct Tokens {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize, Clone, Copy)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let prompt = tokens.prompt_tokens.unwrap_or(0);
        let cached = tokens.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        // xAI counts reasoning in the total and not in the completion; elsewhere the two agree.
        let rest = tokens.total_tokens.unwrap_or(0).saturating_sub(prompt);
        Self {
            input_tokens: prompt.saturating_sub(cached),
            output_tokens: tokens.completion_tokens.unwrap_or(0).max(rest),
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
            another |= self.open.replace(call.index).is_some_and(|open| open != call.index);
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
