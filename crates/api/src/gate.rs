//! Gates as the API shows them: what a run waits for a person to decide, in one inbox.

use std::fmt;

use mainspring_types::{EffectId, GateId, RunId, StepId, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// Whether a tool may be called. `approve`, perhaps with other arguments, or `deny`.
    Approval,
    /// Something that the agent wants to know. `answer` with a message.
    Question,
    /// The next message of a conversation. `answer` with a message.
    Input,
    /// What became of a call that broke off and must not be repeated by itself. `approve` makes it again, `answer` says
    /// what it returned, `deny` leaves it as failed.
    Unknown,
}

impl GateKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Approval, Self::Question, Self::Input, Self::Unknown];

    /// The word as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Question => "question",
            Self::Input => "input",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for GateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a gate stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Nobody has answered.
    Open,
    /// Someone let it happen.
    Approved,
    /// Someone refused it.
    Denied,
    /// Someone said something.
    Answered,
    /// Its deadline passed, and its default was taken.
    Expired,
    /// Its run ended first.
    Withdrawn,
}

impl GateState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Approved, Self::Denied, Self::Answered, Self::Expired, Self::Withdrawn];

    /// The word as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Answered => "answered",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl fmt::Display for GateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Let it happen.
    Approve,
    /// Do not.
    Deny,
    /// Say something: to a question, for an input, or what an unknown call returned.
    Answer,
}

impl Action {
    /// The word as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Answer => "answer",
        }
    }
}

/// `GET /api/v1/gates/{id}`: one gate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GateView {
    /// Its id.
    pub gate_id: GateId,
    /// The run that waits, or goes on as far as it can without it.
    pub run_id: RunId,
    /// The agent, by name.
    pub agent: String,
    /// The step.
    pub step: StepId,
    /// What is asked.
    pub kind: GateKind,
    /// How it stands.
    pub state: GateState,
    /// The tool to be called.
    #[serde(default)]
    pub tool: Option<String>,
    /// With what, as the model asked for it.
    #[serde(default)]
    pub arguments: Option<Value>,
    /// The question in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Answers to choose from; others are taken too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The rule that asks, and where it is written; for an unknown call what is known about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What an approval with `remember` lets happen from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
    /// The call, in the run's effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_id: Option<EffectId>,
    /// When it was asked.
    #[serde(with = "rfc3339")]
    pub opened_at: Timestamp,
    /// When the default is taken instead of an answer.
    #[serde(default, with = "rfc3339::option")]
    pub deadline: Option<Timestamp>,
    /// What that default is: `approve` or `deny`; for an input that the conversation ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Whom it was passed on to, since nobody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_to: Option<String>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<GateAnswer>,
}

/// The answer that counts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GateAnswer {
    /// What was answered.
    pub action: Action,
    /// By whom: a user, or `deadline`.
    pub by: String,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// The arguments that were executed, when they are not those that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// What was said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What is let happen from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<String>,
}

/// `GET /api/v1/gates?...`: which gates to list, oldest first. Open ones unless told otherwise.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListGates {
    /// `open approved denied answered expired withdrawn`, or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Only those of this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// At most so many, 1 to 200; 50 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `POST /api/v1/gates/{id}/answer`: decide. Durable once answered; the second answer gets 409 and the first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerGate {
    /// What is decided.
    pub action: Action,
    /// Other arguments to call the tool with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// What is said: the answer itself, or why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether calls of this shape need no further approval in this run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remember: bool,
}
