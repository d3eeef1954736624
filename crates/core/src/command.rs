//! What a run owes to the world after an event. A driver carries each command out at least once.

use mainspring_types::{AttemptNo, Hash, StepId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::CancelLevel;

/// One thing owed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Command {
    /// Let a worker try the step.
    Dispatch {
        /// The step.
        step: StepId,
        /// The number of the try.
        attempt: AttemptNo,
    },
    /// Tell whoever holds the attempt to end it.
    Abort {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
        /// How hard.
        level: CancelLevel,
    },
    /// Tell whoever holds the attempt, or will, to stop what it does and take up what comes next.
    Interrupt {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
    },
    /// The attempt is over as far as the run is concerned: nothing it still says counts.
    Release {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
    },
    /// Deliver [`crate::Ask::FireTimer`] at the moment, or at once when it has passed.
    Arm {
        /// Which timer.
        timer: TimerId,
        /// When.
        at: Timestamp,
    },
    /// The timer is no longer wanted.
    Disarm {
        /// Which timer.
        timer: TimerId,
    },
    /// Tell everyone who waits for this run that it has ended.
    Finish,
}

/// A timer of a run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TimerId {
    /// The run's own time is over.
    Timeout,
    /// The moment by which the run must have ended.
    Deadline,
    /// Attempts that were told to end had their time.
    Fence,
    /// The wait before the next try of a step.
    Retry(StepId),
    /// The moment a step waits for.
    Wake(StepId),
    /// The moment a gate's default action is taken.
    Gate(Hash),
}

impl TimerId {
    /// The timer as one word, stable enough to be a key.
    pub fn key(&self) -> String {
        match self {
            Self::Timeout => "timeout".into(),
            Self::Deadline => "deadline".into(),
            Self::Fence => "fence".into(),
            Self::Retry(step) => format!("retry/{step}"),
            Self::Wake(step) => format!("wake/{step}"),
            Self::Gate(gate) => format!("gate/{}", gate.to_hex()),
        }
    }
}
