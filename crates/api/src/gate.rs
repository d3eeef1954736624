//! Gates as the API shows them: what a run waits for a person to decide, in one inbox.

use mainspring_types::{EffectId, GateId, RunId, StepId, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use mainspring_types::{GateAction as Action, GateDefault, GateKind, GateState};

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
    /// What that default is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<GateDefault>,
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
