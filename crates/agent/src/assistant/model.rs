//! Which model answers, and how.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use mainspring_types::words;

/// A model of a provider, written `PROVIDER/MODEL`; the model's own name may hold further slashes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName {
    /// The provider as the gateway's configuration names it.
    pub provider: String,
    /// The model as the provider names it.
    pub model: String,
}

/// The text names no model of a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a model; write it as PROVIDER/MODEL, such as openai/gpt-4o-mini")]
pub struct ParseModelError {
    text: String,
}

impl FromStr for ModelName {
    type Err = ParseModelError;

    fn from_str(text: &str) -> Result<Self, ParseModelError> {
        let is_provider = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let is_model = |text: &str| {
            !text.is_empty() && text.chars().all(|letter| !letter.is_whitespace() && !letter.is_control())
        };
        text.split_once('/')
            .filter(|(provider, model)| is_provider(provider) && is_model(model))
            .map(|(provider, model)| Self { provider: provider.to_owned(), model: model.to_owned() })
            .ok_or_else(|| ParseModelError { text: text.chars().take(80).collect() })
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

impl TryFrom<String> for ModelName {
    type Error = ParseModelError;

    fn try_from(text: String) -> Result<Self, ParseModelError> {
        text.parse()
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.to_string()
    }
}

/// How a model answers; what is absent is left to the provider.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelOptions {
    /// The most tokens of one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// How much chance there is in an answer, from 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// How long the model thinks before it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Thinking>,
}

words! {
    /// How long a model thinks before it answers.
    Thinking:
    /// Shortly.
    Low = "low",
    /// As its provider holds usual.
    Medium = "medium",
    /// As long as it takes.
    High = "high",
}
