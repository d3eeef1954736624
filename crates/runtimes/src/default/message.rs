//! A conversation as every provider's format is made from it, and as sessions keep it for ever.
//!
//! The JSON of these types is stored: fields and kinds of parts are added, never renamed or removed. The order of the
//! parts is the order in which the model made them. Two rules hold in every conversation that is sent to a model: an
//! assistant's message with [`Part::ToolUse`] is followed by one message of [`Role::Tool`] that answers each of them
//! once, in their order, and the first message is a user's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What one side said at once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of `role` that is text and nothing else.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::text(text)] }
    }

    /// What a user wrote.
    pub fn user(text: impl Into<String>) -> Self {
        Self::text(Role::User, text)
    }

    /// All its text parts as one text, thinking left out.
    pub fn plain(&self) -> String {
        self.parts.iter().filter_map(Part::as_text).collect()
    }
}

/// Who speaks in a conversation. Instructions are no message: they belong to the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person, or a program that speaks for one.
    User,
    /// The model.
    Assistant,
    /// The tools that the model called in the message before.
    Tool,
}

/// A piece of a message.
///
/// `opaque` holds what a provider wants back verbatim with the part, such as a signature; only the codec of the
/// provider's format reads and writes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// What the provider wants back with them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Value>,
    },
    /// What the model thought before it spoke; empty where the provider keeps it to itself.
    Thinking {
        /// The thought.
        text: String,
        /// What the provider wants back with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Value>,
    },
    /// A picture in a user's message.
    Image {
        /// Its media type, such as `image/png`.
        media: String,
        /// Its bytes in base64.
        data: String,
    },
    /// The model calls a tool.
    ToolUse {
        /// The call's name in this conversation; its result repeats it.
        id: String,
        /// The tool.
        name: String,
        /// An object as the tool's schema asks for. A text when the model wrote what is no JSON: the text as written.
        arguments: Value,
        /// What the provider wants back with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Value>,
    },
    /// What came of a call.
    ToolResult {
        /// The call.
        id: String,
        /// The tool.
        name: String,
        /// What the tool said.
        text: String,
        /// Whether it is the report of a failure.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        error: bool,
    },
}

impl Part {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), opaque: None }
    }

    /// The words of a text part.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_stored_form_of_every_part_is_fixed() {
        let stored = json!({"role": "assistant", "parts": [
            {"type": "text", "text": "hi"},
            {"type": "thinking", "text": "hm", "opaque": {"signature": "s"}},
            {"type": "image", "media": "image/png", "data": "AA=="},
            {"type": "tool_use", "id": "c1", "name": "shell", "arguments": {"command": "ls"}},
            {"type": "tool_result", "id": "c1", "name": "shell", "text": "no", "error": true},
        ]});
        let message: Message = serde_json::from_value(stored.clone()).expect("each part is read");
        assert_eq!(serde_json::to_value(&message).expect("messages are JSON"), stored);
        assert_eq!(message.plain(), "hi");
    }
}
