//! The formats in which models are asked and answer: bytes from values, and values from bytes.
//!
//! [`encode`] turns a request into what is sent, always asking for a stream; a [`Decoder`] takes the stream in pieces
//! of any size and gives what people may watch, and at its end the whole answer; [`refusal`] reads an answer whose
//! status is no success. Credentials, connections and second tries are left to the driver.
//!
//! A conversation may have begun in another format. Each codec marks what it alone understands in a part's `opaque` by
//! fields that no other codec uses, and passes over the rest.

mod arguments;
mod chat;
mod decoder;
mod draft;
mod generate;
mod messages;
mod refusal;
mod schema;
mod sse;

use serde_json::Value;

use super::{Effort, ModelRequest};

pub use decoder::Decoder;
pub use refusal::refusal;

/// Whose format is spoken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// Chat Completions of OpenAI and of the many servers that speak it.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// The family of this word; `None` when no family has it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == word)
    }

    /// The word as written in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}

/// A request as it is sent, credentials left out. Its method is `POST`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// The path with its query.
    pub path: String,
    /// Names in lower case with their values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

impl Outgoing {
    fn new(path: impl Into<String>, body: &Value) -> Self {
        let headers = [("content-type", "application/json"), ("accept", "text/event-stream")];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { path: path.into(), headers, body: body.to_string() }
    }
}

/// The request in the family's format.
///
/// Equal requests have equal bytes. The members of an object inside a request, such as a tool's schema, keep their
/// order.
pub fn encode(family: Family, request: &ModelRequest) -> Outgoing {
    match family {
        Family::OpenAi => chat::encode(request),
        Family::Anthropic => messages::encode(request),
        Family::Gemini => generate::encode(request),
    }
}

/// Sets a field of an object; nothing happens without a value.
fn set(object: &mut Value, field: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[field] = value.into();
    }
}

/// The list, unless it is empty: providers refuse empty lists where a field may be left out.
fn some_list(list: Vec<Value>) -> Option<Vec<Value>> {
    Some(list).filter(|list| !list.is_empty())
}

/// The word that every provider has for it.
const fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
    }
}

/// What the codec put into `opaque` under its field.
fn mark<'a>(opaque: Option<&'a Value>, field: &str) -> Option<&'a str> {
    opaque?.get(field)?.as_str()
}

#[cfg(test)]
mod tests;
