//! Gates as they are stored: what is asked of a person, and the answer that counts.

use mainspring_types::{EffectId, GateId, Hash, RunId, StepId, Timestamp};

/// A gate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateRow {
    /// What the engine knows it by; its id follows from it.
    pub hash: Hash,
    /// The run that asks.
    pub run: RunId,
    /// The step.
    pub step: StepId,
    /// What is asked, in one word: `approval`, `question`, `input`, `unknown`.
    pub kind: String,
    /// The tool to be called.
    pub tool: Option<String>,
    /// The arguments that were asked for, a JSON document.
    pub arguments: Option<String>,
    /// The question in words.
    pub question: Option<String>,
    /// Answers to choose from, a JSON list.
    pub choices: Option<String>,
    /// Why it is asked.
    pub why: Option<String>,
    /// What an approval can let happen from then on.
    pub shape: Option<String>,
    /// The call that it is about, once there is one.
    pub effect: Option<EffectId>,
    /// When it was asked.
    pub opened_at: Timestamp,
    /// When the default is taken.
    pub deadline: Option<Timestamp>,
    /// The default: `approve`, `deny`, or `end` for an input.
    pub fallback: String,
    /// When it is passed on, since nobody answered.
    pub escalate_at: Option<Timestamp>,
    /// To whom.
    pub escalate_to: Option<String>,
    /// How it stands: `open approved denied answered expired withdrawn`.
    pub state: String,
    /// What was answered; nothing while it is open.
    pub settled: Option<GateSettled>,
}

impl GateRow {
    /// Its id.
    pub fn id(&self) -> GateId {
        GateId::of(&self.hash)
    }

    /// Whether nobody has answered.
    pub fn is_open(&self) -> bool {
        self.state == OPEN
    }
}

/// The state of a gate that nobody has answered.
pub(crate) const OPEN: &str = "open";

/// The kind of gate at which a run waits for the next message. Without one in time it waits for none any more.
pub(crate) const INPUT: &str = "input";

/// The answer that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateSettled {
    /// `approve`, `deny` or `answer`.
    pub action: String,
    /// By whom.
    pub by: String,
    /// What was said with it.
    pub message: Option<String>,
    /// The arguments to be executed in place of those that were asked for, a JSON document.
    pub executed: Option<String>,
    /// What needs no further approval from then on.
    pub remembered: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Which gates to list, oldest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GateFilter {
    /// All of them.
    All,
    /// Those in one state.
    State(String),
}
