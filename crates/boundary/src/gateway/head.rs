//! The head of an answer: its status and the headers that mean something to the agent.

use hyper::{HeaderMap, header::HeaderName};
use mainspring_store::Fault;
use serde::{Deserialize, Serialize};

use crate::journal::Cut;

/// A status and headers, as they came and as they are recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// Why the model stopped, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stop: Option<String>,
    /// The model that answered, in the provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// Where the answer broke off, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cut: Option<Cut>,
}

/// Headers that belong to one connection or one moment, or that would let a provider follow an agent.
const NOT_PASSED_ON: [&str; 13] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "content-encoding",
    "date",
    "set-cookie",
    "alt-svc",
];

impl Head {
    pub(crate) fn new(status: u16, headers: &HeaderMap) -> Self {
        let passed = headers.iter().filter(|(name, _)| !NOT_PASSED_ON.contains(&name.as_str()));
        let text = |(name, value): (&HeaderName, &hyper::header::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        Self { status, headers: passed.filter_map(text).collect(), stop: None, model: None, cut: None }
    }

    /// The head of an answer of ours.
    pub(crate) fn ours(status: u16) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, stop: None, model: None, cut: None }
    }

    /// The head of a refusal of ours; one that would be refused again says so.
    pub(crate) fn refusing(status: u16) -> Self {
        let mut head = Self::ours(status);
        if status < 500 {
            head.headers.push(("x-should-retry".into(), "false".into()));
        }
        head
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn document(&self) -> String {
        serde_json::to_string(self).expect("a head is plain data")
    }

    pub(crate) fn read(document: &str) -> Result<Self, Fault> {
        serde_json::from_str(document)
            .map_err(|error| Fault::Corrupt { detail: format!("a recorded answer cannot be read: {error}") })
    }
}
