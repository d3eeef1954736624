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
    #[serde(rename = "response.created")]
    Created,
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
}

/// Usage as Responses tells it: what the cache gave is part of the input.
#[derive(Deserialize, Clone, Copy)]
struct Tokens {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
}

#[derive(Deserialize, Clone, Copy)]
struct InputDetails {
    cached_tokens: Option<u64>,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let cached = tokens.input_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        Self {
            input_tokens: tokens.input_tokens.unwrap_or(0).saturating_sub(cached),
            output_tokens: tokens.output_tokens.unwrap_or(0),
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
        _ if frame.error.is_some() => fail(data, notes),
        Kind::Failed => fail(data, notes),
        Kind::ItemDone if frame.item.as_ref().is_some_and(Item::is_text) => Fate::Flows,
        Kind::ItemDone | Kind::CallDone => {
            notes.stop(Stop::Tool);
            Fate::Waits
        }
        Kind::Ended => {
            notes.end();
            Fate::Waits
        }
        Kind::Created | Kind::Other => Fate::Flows,
    })
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
        if self.output.iter().flatten().any(|item| item.kind.ends_with("_call")) {
            notes.stop(Stop::Tool);
        }
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
