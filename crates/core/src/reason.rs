//! Why a run is not finished: one reason for each step, and the run's, which follows from them.

use serde::{Deserialize, Serialize};

use crate::{Ending, Outcome, Phase, Run, Step, StepState, Wait};

/// Why a step is not finished.
///
/// The order is the order in which a run prefers one reason over another: what a person can act on comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its attempt was told to end and has not ended yet.
    Stopping,
    /// Its attempt is with a worker.
    Owner,
    /// Its attempt waits for a free worker. Only a driver can tell this from [`Reason::Owner`].
    Slot,
    /// The run is paused.
    Paused,
    /// It waits for a human.
    Gate,
    /// It waits for a budget to be raised.
    Budget,
    /// Its workers were lost too often.
    Lost,
    /// It waits for the provider's limits.
    Quota,
    /// It waits for another run.
    Child,
    /// It waits for a moment.
    Timer,
    /// It waits for another step.
    Dependency,
}

/// How a run stands, in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted; no worker has taken it yet. Only a driver can tell this from [`Status::Running`].
    Queued,
    /// An attempt is live.
    Running,
    /// No attempt is live; the reason says what is waited for.
    Waiting,
    /// Nothing is dispatched until it is resumed.
    Paused,
    /// Every step is done.
    Completed,
    /// It ended with an error.
    Failed,
    /// It was ended early on request.
    Cancelled,
}

impl Status {
    /// Whether nothing more happens to the run.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Run {
    /// Why the step is not finished; `None` exactly when it is.
    pub fn step_reason(&self, step: &Step) -> Option<Reason> {
        Some(match &step.state {
            StepState::Done { .. } | StepState::Failed | StepState::Dropped => return None,
            StepState::Live if matches!(self.phase, Phase::Stopping { .. }) => Reason::Stopping,
            StepState::Live => Reason::Owner,
            StepState::Ready => Reason::Paused,
            StepState::Blocked => Reason::Dependency,
            StepState::BackingOff { .. } => Reason::Timer,
            StepState::Stranded { .. } => Reason::Lost,
            StepState::Parked { wait, .. } => match wait {
                Wait::Gate { .. } => Reason::Gate,
                Wait::Timer { .. } => Reason::Timer,
                Wait::Child { .. } => Reason::Child,
                Wait::Quota {} => Reason::Quota,
                Wait::Budget {} => Reason::Budget,
            },
        })
    }

    /// Why the run is not finished: the first of its steps' reasons; `None` exactly when it has ended.
    pub fn reason(&self) -> Option<Reason> {
        let of_steps = self.steps.values().filter_map(|step| self.step_reason(step)).min();
        match self.phase {
            Phase::Ended(_) => None,
            Phase::Paused { .. } if of_steps > Some(Reason::Paused) => Some(Reason::Paused),
            _ => of_steps,
        }
    }

    /// How the run stands.
    pub fn status(&self) -> Status {
        match &self.phase {
            Phase::Ended(Outcome { ending: Ending::Completed { .. }, .. }) => Status::Completed,
            Phase::Ended(Outcome { ending: Ending::Failed(_), .. }) => Status::Failed,
            Phase::Ended(Outcome { ending: Ending::Cancelled { .. }, .. }) => Status::Cancelled,
            _ => match self.reason() {
                Some(Reason::Owner | Reason::Slot | Reason::Stopping) => Status::Running,
                Some(Reason::Paused) => Status::Paused,
                _ => Status::Waiting,
            },
        }
    }
}
