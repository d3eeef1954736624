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
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

impl Tokens {
    /// What was known, with what is told now in its place.
    fn over(self, known: Usage) -> Usage {
        Usage {
            input_tokens: self.input_tokens.unwrap_or(known.input_tokens),
            output_tokens: self.output_tokens.unwrap_or(known.output_tokens),
            cache_read_tokens: self.cache_read_input_tokens.unwrap_or(known.cache_read_tokens),
            cache_creation_tokens: self.cache_creation_input_tokens.unwrap_or(known.cache_creation_tokens),
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
