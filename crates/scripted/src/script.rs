//! A script as it was read: its rules, and what holds for all of them.
//!
//! Reading is strict. A key that is not known, a pattern that is none and a rule that cannot answer are refused with
//! their place in the file, before the first request comes.

mod matching;
mod reading;
mod reply;
mod scalars;

use std::time::Duration;

use mainspring_types::Problem;
use serde::Deserialize;

pub(crate) use matching::Match;
pub(crate) use reply::{CallSpec, ErrorSpec, Fault, FaultKind, Obedience, RawBody, Spec};

/// How a scripted model answers.
#[derive(Debug)]
pub struct Script {
    pub(crate) models: Vec<String>,
    pub(crate) on_no_match: Fallback,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) defaults: Spec,
}

impl Script {
    /// Reads a script from YAML or JSON; `file` names it in the problem.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        reading::parse(text, file)
    }

    /// A script without rules that repeats what the user said.
    pub fn echo() -> Self {
        Self {
            models: vec![DEFAULT_MODEL.to_owned()],
            on_no_match: Fallback::Echo,
            rate_limit: None,
            rules: Vec::new(),
            defaults: Spec::default(),
        }
    }
}

/// The model of a script that names none.
const DEFAULT_MODEL: &str = "scripted-1";

/// What a request gets that no rule matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fallback {
    /// Status 400 and a description of the request.
    #[default]
    Error,
    /// What the user said.
    Echo,
}

/// How many calls are let in; the others get status 429.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateLimit {
    pub(crate) calls: usize,
    #[serde(default = "one_minute")]
    pub(crate) per_ms: u64,
    #[serde(default)]
    pub(crate) hint: Hint,
}

impl RateLimit {
    pub(crate) fn window(&self) -> Duration {
        Duration::from_millis(self.per_ms)
    }
}

/// Whether an answer with status 429 says when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hint {
    #[default]
    RetryAfter,
    None,
}

const fn one_minute() -> u64 {
    60_000
}

/// One rule: which requests it answers, how often, and with what.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) matches: Match,
    pub(crate) times: Option<u64>,
    /// At least one.
    pub(crate) replies: Vec<Spec>,
    pub(crate) order: Order,
}

/// Which reply comes after the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The last again.
    Stay,
    /// The first.
    Cycle,
}

impl Rule {
    /// The reply of the firing that `before` others preceded.
    pub(crate) fn reply(&self, before: u64) -> &Spec {
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        match self.order {
            Order::Stay => &self.replies[before.min(self.replies.len() - 1)],
            Order::Cycle => &self.replies[before % self.replies.len()],
        }
    }
}
