//! What may be asked of a run.

use mainspring_types::{AttemptNo, Hash, RequestId, RunId, StepId};

use crate::{AttemptEnd, CancelLevel, Loss, Principal, TimerId, event::Used};

/// One request, on someone's behalf, applied once however often it is delivered.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// Tells a repetition from a new request.
    pub id: RequestId,
    /// On whose behalf.
    pub by: Principal,
    /// What is asked.
    pub ask: Ask,
}

/// The kinds of request.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// Record that the first attempt began its work.
    StartClock {
        /// The step that began.
        step: StepId,
        /// The attempt that began.
        attempt: AttemptNo,
    },
    /// Record how an attempt ended.
    EndAttempt {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
        /// How.
        end: AttemptEnd,
        /// What it used.
        used: Used,
    },
    /// Record that an attempt's worker is gone.
    LoseAttempt {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
        /// What became of the worker.
        loss: Loss,
    },
    /// A timer came due.
    FireTimer(TimerId),
    /// A gate was answered.
    AnswerGate {
        /// Which.
        gate: Hash,
    },
    /// A child run ended.
    EndChild {
        /// Which.
        child: RunId,
    },
    /// Quota or budget is there again.
    Wake {
        /// The step that waited.
        step: StepId,
    },
    /// Dispatch nothing more.
    Pause,
    /// Dispatch again; also takes up a step that was parked because its workers were lost.
    Resume,
    /// Stop what is being done, and go on with what comes next.
    Interrupt,
    /// End early.
    Cancel {
        /// How hard.
        level: CancelLevel,
        /// Why, in the caller's words.
        reason: Option<String>,
    },
}
