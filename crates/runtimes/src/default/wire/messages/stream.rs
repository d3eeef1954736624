//! Anthropic's Messages, as a stream: blocks that start, grow and stop between `message_start` and `message_stop`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{REDACTED, SIGNATURE};
use crate::default::{
    Stop, TokenUsage,
    wire::draft::{Draft, Kind},
};

/// Where each block that is open stands in the answer.
#[derive(Default, Debug)]
pub(in crate::default::wire) struct Stream {
    open: BTreeMap<u64, Open>,
}

#[derive(Debug)]
struct Open {
    at: usize,
    /// The arguments of a call that came whole with its start; they count when no others follow.
    input: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        index: u64,
        content_block: Block,
    },
    ContentBlockDelta {
        index: u64,
        delta: Growth,
    },
    ContentBlockStop {
        index: u64,
    },
    MessageDelta {
        delta: Ending,
        usage: Option<Tokens>,
    },
    MessageStop,
    /// A ping, or what a later version adds.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        #[serde(default)]
        text: String,
    },
    Thinking {
        #[serde(default)]
        thinking: String,
        signature: Option<String>,
    },
    RedactedThinking {
        data: String,
    },
    ToolUse {
        #[serde(default)]
        id: String,
        name: String,
        input: Option<Value>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "these are the provider's names")]
enum Growth {
    TextDelta {
        text: String,
    },
    ThinkingDelta {
        thinking: String,
    },
    SignatureDelta {
        signature: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    #[serde(other)]
    OtherDelta,
}

#[derive(Deserialize)]
struct Ending {
    stop_reason: Option<String>,
}

/// Usage as totals so far: input without what the caches did, and only the numbers that are news.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "these are the provider's names")]
struct Tokens {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

impl Stream {
    /// Takes the next event.
    pub(in crate::default::wire) fn event(
        &mut self,
        data: Value,
        draft: &mut Draft,
    ) -> serde_json::Result<()> {
        match serde_json::from_value(data)? {
            Event::MessageStart { message } => {
                draft.id = message.id.unwrap_or_default();
                note(message.usage, draft);
            }
            Event::ContentBlockStart { index, content_block } => self.start(index, content_block, draft),
            Event::ContentBlockDelta { index, delta } => self.grow(index, delta, draft),
            Event::ContentBlockStop { index } => self.stop(index, draft),
            Event::MessageDelta { delta, usage } => {
                note(usage, draft);
                draft.stop = delta.stop_reason.as_deref().map(stop).or(draft.stop);
            }
            Event::MessageStop => draft.is_ended = true,
            Event::Other => {}
        }
        Ok(())
    }

    fn start(&mut self, index: u64, block: Block, draft: &mut Draft) {
        let (kind, opaque, text, input) = match block {
            Block::Text { text } => (Kind::Text, None, text, None),
            Block::Thinking { thinking, signature } => {
                (Kind::Thinking, signature.as_deref().and_then(signed), thinking, None)
            }
            Block::RedactedThinking { data } => {
                (Kind::Thinking, Some(json!({REDACTED: data})), String::new(), None)
            }
            Block::ToolUse { id, name, input } => (Kind::Call { id, name }, None, String::new(), input),
            Block::Other => return,
        };
        let at = draft.begin(kind, opaque);
        draft.grow(at, &text);
        self.open.insert(index, Open { at, input });
    }

    fn grow(&mut self, index: u64, growth: Growth, draft: &mut Draft) {
        // What belongs to a block of a kind that is not known is not known either.
        let Some(Open { at, input }) = self.open.get_mut(&index) else { return };
        match growth {
            Growth::TextDelta { text } | Growth::ThinkingDelta { thinking: text } => draft.grow(*at, &text),
            Growth::InputJsonDelta { partial_json } => {
                draft.grow(*at, &partial_json);
                input.take_if(|_| !partial_json.is_empty());
            }
            Growth::SignatureDelta { signature } => draft.mark(*at, signed(&signature)),
            Growth::OtherDelta => {}
        }
    }

    fn stop(&mut self, index: u64, draft: &mut Draft) {
        if let Some(Open { at, input: Some(input) }) = self.open.remove(&index) {
            draft.grow(at, &input.to_string());
        }
    }
}

fn signed(signature: &str) -> Option<Value> {
    (!signature.is_empty()).then(|| json!({SIGNATURE: signature}))
}

fn note(tokens: Option<Tokens>, draft: &mut Draft) {
    let Some(tokens) = tokens else { return };
    let known = draft.usage;
    draft.usage = TokenUsage {
        input_tokens: tokens.input_tokens.unwrap_or(known.input_tokens),
        output_tokens: tokens.output_tokens.unwrap_or(known.output_tokens),
        cache_read_tokens: tokens.cache_read_input_tokens.unwrap_or(known.cache_read_tokens),
        cache_creation_tokens: tokens.cache_creation_input_tokens.unwrap_or(known.cache_creation_tokens),
    };
}

fn stop(reason: &str) -> Stop {
    match reason {
        "end_turn" | "stop_sequence" => Stop::End,
        "tool_use" => Stop::Tools,
        "max_tokens" | "model_context_window_exceeded" => Stop::Length,
        "refusal" => Stop::Refused,
        _ => Stop::Other,
    }
}
