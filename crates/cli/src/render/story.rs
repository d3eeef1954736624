//! A run as it happens, told the way that fits its agent: its steps, or what a model says and does.

use mainspring_api::{
    event::{Delta, EventView},
    run::RunView,
};
use mainspring_types::GateId;

use super::{Frame, Progress, Talk, talk::Place};

/// What has been seen of a run so far.
pub(crate) enum Story {
    /// One line a step, with the agent's last lines beneath.
    Steps(Progress),
    /// What a model agent says and does.
    Talk(Box<Talk>),
}

impl Story {
    /// A run of which nothing has been seen. What belongs to a conversation is told as one.
    pub(crate) fn of(run: &RunView) -> Self {
        if run.session.is_some() {
            return Self::talk();
        }
        Self::Steps(Progress::new(run.steps.iter().map(|step| &step.id)))
    }

    fn talk() -> Self {
        Self::Talk(Box::new(Talk::new(Place::Run, [])))
    }

    /// Takes in the next entry. The first that only a model agent makes shows what the run is.
    pub(crate) fn fold(&mut self, event: &EventView) {
        if matches!(self, Self::Steps(_)) && is_telling(event) {
            *self = Self::talk();
        }
        match self {
            Self::Steps(progress) => progress.fold(event),
            Self::Talk(talk) => talk.fold(event),
        }
    }

    /// Takes in a piece of what a model says.
    pub(crate) fn hear(&mut self, delta: &Delta) {
        if matches!(self, Self::Steps(_)) {
            *self = Self::talk();
        }
        if let Self::Talk(talk) = self {
            talk.hear(delta);
        }
    }

    /// The lines of what has settled since this was last asked.
    pub(crate) fn settled(&mut self, frame: Frame) -> Vec<String> {
        match self {
            Self::Steps(progress) => progress.settled(frame),
            Self::Talk(talk) => talk.settled(frame),
        }
    }

    /// The lines of what is happening and what is to come.
    pub(crate) fn foot(&self, frame: Frame) -> Vec<String> {
        match self {
            Self::Steps(progress) => progress.foot(frame),
            Self::Talk(talk) => talk.foot(frame),
        }
    }

    /// What waits for a decision, `asked` left out.
    pub(crate) fn waiting(&self, frame: Frame, asked: Option<GateId>) -> Vec<String> {
        match self {
            Self::Steps(_) => Vec::new(),
            Self::Talk(talk) => talk.waiting(frame, asked),
        }
    }
}

/// Whether only a model agent makes such an entry.
fn is_telling(event: &EventView) -> bool {
    ["tool.", "turn.", "message.", "gate.opened"].iter().any(|begin| event.kind.starts_with(begin))
}
