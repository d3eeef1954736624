//! What this machine can give, in lines for `mainspring doctor`.

use serde::{Deserialize, Serialize};

/// One part of the isolation and whether it can be had.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The part, such as `memory limit`.
    pub name: String,
    /// Whether it can be had.
    pub status: Status,
    /// How it is done, or why it cannot be.
    pub detail: String,
    /// What to change on the machine to get all of it.
    pub remedy: Option<String>,
}

/// How much of a part can be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All of it.
    Ok,
    /// A weaker form.
    Degraded,
    /// None of it.
    Missing,
}

impl Finding {
    pub(crate) fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self { name: name.into(), status: Status::Ok, detail: detail.into(), remedy: None }
    }

    pub(crate) fn degraded(name: &str, detail: impl Into<String>, remedy: &str) -> Self {
        Self {
            name: name.into(),
            status: Status::Degraded,
            detail: detail.into(),
            remedy: Some(remedy.into()),
        }
    }

    pub(crate) fn missing(name: &str, detail: impl Into<String>, remedy: &str) -> Self {
        Self {
            name: name.into(),
            status: Status::Missing,
            detail: detail.into(),
            remedy: Some(remedy.into()),
        }
    }
}
