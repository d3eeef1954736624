//! What a model is asked and what it answers, in the terms of no provider.
//!
//! The codecs of the provider formats stand between these types and HTTP. Everything that decides a request's bytes
//! is in [`ModelRequest`]: equal requests are encoded to equal bytes.

use std::ops::AddAssign;

use mainspring_agent::ModelOptions;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Message, Part};

/// One question to a model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ModelRequest {
    /// The model as its provider calls it, without the provider's name.
    pub model: String,
    /// What the model is told before the conversation; nothing when empty.
    pub instructions: String,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The tools it is told of.
    pub tools: Vec<ToolSpec>,
    /// Whether it may call them in this answer.
    #[serde(default)]
    pub calls: Calls,
    /// How it is to answer.
    pub options: ModelOptions,
    /// The JSON Schema its final answer has to satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// A tool as the model is told of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolSpec {
    /// What it is called by.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
}

/// Whether an answer may call tools.
///
/// Providers refuse a conversation with calls of tools that the request does not declare, so that the tools stay in a
/// request whose answer may not call any.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// The model decides.
    #[default]
    Allowed,
    /// The answer has to be text.
    Forbidden,
}

/// A whole answer of a model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ModelAnswer {
    /// Text, thinking and tool calls, in order.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub stop: Stop,
    /// What it took, as the provider counted; zeros when it did not.
    pub usage: TokenUsage,
}

/// Why an answer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The model had said all.
    End,
    /// It waits for the tools it called.
    Tools,
    /// It reached the most tokens it may write, or that fit its context.
    Length,
    /// The model or its provider declined to answer.
    Refused,
    /// Something this version does not know.
    Other,
}

/// Tokens of one answer or of many. The four kinds do not overlap: the total is their sum.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Tokens sent that were neither read from a cache nor written to one.
    pub input_tokens: u64,
    /// Tokens received, thinking included.
    pub output_tokens: u64,
    /// Tokens sent that the provider had cached.
    #[serde(default)]
    pub cache_read_tokens: u64,
    /// Tokens sent that the provider put into its cache.
    #[serde(default)]
    pub cache_creation_tokens: u64,
}

impl TokenUsage {
    /// All tokens that were sent.
    pub const fn sent(&self) -> u64 {
        self.input_tokens.saturating_add(self.cache_read_tokens).saturating_add(self.cache_creation_tokens)
    }
}

impl AddAssign for TokenUsage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cache_read_tokens = self.cache_read_tokens.saturating_add(other.cache_read_tokens);
        self.cache_creation_tokens = self.cache_creation_tokens.saturating_add(other.cache_creation_tokens);
    }
}

/// A piece of an answer while it comes in, for people to watch; the loop waits for the whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Delta {
    /// More words.
    Text {
        /// The words.
        text: String,
    },
    /// More of a thought.
    Thinking {
        /// The thought.
        text: String,
    },
    /// A tool call begins, or goes on.
    ToolUse {
        /// The tool.
        name: String,
        /// The text of its arguments that came since the last piece of this call.
        arguments: String,
    },
}

/// Why there is no whole answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Broken {
    /// The stream ended without its end marker; asking again may help.
    #[error("the answer of the model broke off")]
    Truncated,
    /// The stream is not of its format; asking again may help.
    #[error("the answer of the model cannot be read: {message}")]
    Malformed {
        /// What is wrong with it.
        message: String,
    },
    /// The provider answered with an error, as its status or in the stream.
    #[error("{message}")]
    Refused {
        /// The HTTP status; 200 when the error came in the stream.
        status: u16,
        /// The provider's code or type of the error.
        code: Option<String>,
        /// The provider's words.
        message: String,
    },
}
