//! Tokens without a tokenizer: rather too many than too few.

use serde_json::Value;

use crate::default::{Message, ModelRequest, Part};

/// What a provider's format adds to a message and to each of its parts.
const OVERHEAD: u64 = 4;
/// A picture, at the size to which providers shrink it.
const IMAGE: u64 = 1_600;

/// All of a request but its messages.
pub(super) fn frame(request: &ModelRequest) -> u64 {
    let tools = request
        .tools
        .iter()
        .map(|tool| OVERHEAD + text(&tool.name) + text(&tool.description) + document(Some(&tool.parameters)));
    text(&request.instructions) + tools.sum::<u64>() + document(request.output.as_ref())
}

/// Messages together.
pub(super) fn messages(messages: &[Message]) -> u64 {
    messages.iter().map(message).sum()
}

/// One message.
pub(super) fn message(message: &Message) -> u64 {
    OVERHEAD + message.parts.iter().map(|part| OVERHEAD + self::part(part)).sum::<u64>()
}

fn part(part: &Part) -> u64 {
    match part {
        Part::Text { text: words, opaque } | Part::Thinking { text: words, opaque } => {
            text(words) + document(opaque.as_ref())
        }
        Part::Image { .. } => IMAGE,
        Part::ToolUse { id, name, arguments, opaque } => {
            text(id) + text(name) + document(Some(arguments)) + document(opaque.as_ref())
        }
        Part::ToolResult { id, name, text: words, .. } => text(id) + text(name) + text(words),
    }
}

fn document(value: Option<&Value>) -> u64 {
    value.map_or(0, |value| text(&value.to_string()))
}

/// Four letters of ASCII are a token; any other letter may be one of its own.
fn text(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let other = text.chars().count() - ascii;
    (ascii.div_ceil(4) + other) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_beyond_ascii_weigh_more() {
        assert_eq!(text("abcdefgh"), 2);
        assert_eq!(text("日本語"), 3);
        assert_eq!(text(""), 0);
    }
}
