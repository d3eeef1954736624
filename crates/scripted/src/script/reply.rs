//! What a rule answers, as it stands in the file: texts are not filled yet.

use std::{collections::BTreeMap, num::NonZeroUsize};

use serde::Deserialize;
use serde_json::{Map, Value};

/// A reply of a script.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Spec {
    pub(crate) text: Option<String>,
    pub(crate) chunks: Option<Vec<String>>,
    pub(crate) chunk_chars: Option<NonZeroUsize>,
    pub(crate) repeat: Option<usize>,
    pub(crate) thinking: Option<String>,
    pub(crate) tool_calls: Option<Vec<CallSpec>>,
    pub(crate) delay_ms: Option<u64>,
    pub(crate) chunk_delay_ms: Option<u64>,
    pub(crate) stop_reason: Option<String>,
    pub(crate) usage: Option<UsageSpec>,
    pub(crate) output_limit: Option<Obedience>,
    pub(crate) error: Option<ErrorSpec>,
    pub(crate) fault: Option<Fault>,
    pub(crate) raw: Option<RawSpec>,
    pub(crate) headers: BTreeMap<String, String>,
}

/// A tool that is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallSpec {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) arguments: Map<String, Value>,
    pub(crate) id: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) namespace: Option<String>,
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl CallSpec {
    fn is_no_pattern(&self) -> bool {
        self.name.starts_with('^') && regex::Regex::new(&self.name).is_err()
    }
}

/// Tokens, where they are not derived from the texts.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageSpec {
    #[serde(rename = "input_tokens")]
    pub(crate) input: Option<u64>,
    #[serde(rename = "output_tokens")]
    pub(crate) output: Option<u64>,
    #[serde(rename = "cached_tokens")]
    pub(crate) cached: Option<u64>,
    #[serde(rename = "cache_creation_tokens")]
    pub(crate) cache_creation: Option<u64>,
    #[serde(rename = "thinking_tokens")]
    pub(crate) thinking: Option<u64>,
}

/// Whether the model stops where the request tells it to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Obedience {
    #[default]
    Obey,
    Ignore,
}

/// An HTTP error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ErrorSpec {
    pub(crate) status: Option<u16>,
    pub(crate) message: Option<String>,
    pub(crate) r#type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) retry_after: Option<f64>,
}

/// What goes wrong while the answer is sent, and after how much of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) after_chunks: Option<usize>,
    pub(crate) message: Option<String>,
    pub(crate) r#type: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The connection is reset before anything is sent.
    Refuse,
    /// The connection is reset.
    Disconnect,
    /// Nothing more is sent.
    Hang,
    /// The body ends cleanly, without its end marker.
    Truncate,
    /// The provider reports an error in the body.
    ErrorEvent,
}

/// A body that is sent as it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSpec {
    pub(crate) status: Option<u16>,
    pub(crate) body: RawBody,
}

/// Text, JSON, or the parts of a text that are sent one by one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum RawBody {
    Text(String),
    Parts(Vec<String>),
    Json(Value),
}

impl Spec {
    /// This reply with `defaults` where it says nothing itself.
    pub(crate) fn over(self, defaults: &Self) -> Self {
        let defaults = defaults.clone();
        let mut headers = defaults.headers;
        headers.extend(self.headers);
        Self {
            text: self.text.or(defaults.text),
            chunks: self.chunks.or(defaults.chunks),
            chunk_chars: self.chunk_chars.or(defaults.chunk_chars),
            repeat: self.repeat.or(defaults.repeat),
            thinking: self.thinking.or(defaults.thinking),
            tool_calls: self.tool_calls.or(defaults.tool_calls),
            delay_ms: self.delay_ms.or(defaults.delay_ms),
            chunk_delay_ms: self.chunk_delay_ms.or(defaults.chunk_delay_ms),
            stop_reason: self.stop_reason.or(defaults.stop_reason),
            usage: self.usage.or(defaults.usage),
            output_limit: self.output_limit.or(defaults.output_limit),
            error: self.error.or(defaults.error),
            fault: self.fault.or(defaults.fault),
            raw: self.raw.or(defaults.raw),
            headers,
        }
    }

    /// Why no one answer can be all that the reply says, if so.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let speaks = self.text.is_some() || self.chunks.is_some() || self.tool_calls.is_some();
        let statuses = [self.error.as_ref().and_then(|e| e.status), self.raw.as_ref().and_then(|r| r.status)];
        if self.error.is_some() && self.raw.is_some() {
            Some("a reply is either `error` or `raw`")
        } else if speaks && (self.error.is_some() || self.raw.is_some()) {
            Some("a reply with `error` or `raw` has no text and no tool calls")
        } else if self.text.is_some() && self.chunks.is_some() {
            Some("a reply has either `text` or `chunks`")
        } else if statuses.into_iter().flatten().any(|status| !(200..600).contains(&status)) {
            Some("`status` is a number from 200 to 599")
        } else if self.headers.keys().any(|name| !is_header_name(name)) {
            Some("the name of a header has letters, digits, `-` and `_` alone")
        } else if self.tool_calls.iter().flatten().any(CallSpec::is_no_pattern) {
            Some("the name of a tool begins with `^` and is no regular expression")
        } else {
            None
        }
    }
}
