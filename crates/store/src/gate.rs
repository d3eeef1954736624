//! Gates as they are stored: what is asked of a person, and the answer that counts.

use mainspring_types::{
    EffectId, GateAction, GateDefault, GateId, GateKind, GateState, Hash, RunId, StepId, Timestamp,
};

/// A gate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateRow {
    /// What the engine knows it by; its id follows from it.
    pub hash: Hash,
    /// The run that asks.
    pub run: RunId,
    /// The step.
    pub step: StepId,
    /// What is asked.
    pub kind: GateKind,
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
    /// The default.
    pub fallback: GateDefault,
    /// When it is passed on, since nobody answered.
    pub escalate_at: Option<Timestamp>,
    /// To whom.
    pub escalate_to: Option<String>,
    /// How it stands.
    pub state: GateState,
    /// What was answered; nothing while it is open.
    pub settled: Option<GateSettled>,
}

impl GateRow {
    /// A gate that is opened now and says nothing yet but what kind of answer it waits for, and what is taken instead.
    pub fn new(
        hash: Hash,
        (run, step): (RunId, StepId),
        (kind, fallback): (GateKind, GateDefault),
        opened_at: Timestamp,
    ) -> Self {
        Self {
            hash,
            run,
            step,
            kind,
            tool: None,
            arguments: None,
            question: None,
            choices: None,
            why: None,
            shape: None,
            effect: None,
            opened_at,
            deadline: None,
            fallback,
            escalate_at: None,
            escalate_to: None,
            state: GateState::Open,
            settled: None,
        }
    }

    /// Its id.
    pub fn id(&self) -> GateId {
        GateId::of(&self.hash)
    }

    /// Whether nobody has answered.
    pub fn is_open(&self) -> bool {
        self.state == GateState::Open
    }
}

/// The answer that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateSettled {
    /// What was answered.
    pub action: GateAction,
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
    State(GateState),
}
