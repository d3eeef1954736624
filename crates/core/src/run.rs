//! The run itself: what the fold of its events is.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_types::{Digest, Problem, RequestId, StepId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Command, Created, Step, StepState, TimerId};

/// One execution of one agent version.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// What it carries with it from its beginning.
    pub created: Created,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its steps.
    pub steps: BTreeMap<StepId, Step>,
    /// Where it stands as a whole.
    pub phase: Phase,
    /// The timers that are armed.
    pub timers: BTreeMap<TimerId, Timestamp>,
    /// When its own time started to count.
    pub clock_started: Option<Timestamp>,
    /// The lifecycle index of its next event.
    pub next_index: u64,
    /// When its latest event was admitted.
    pub last_at: Timestamp,
    /// Requests of people that were applied, so that a repetition is not applied again.
    pub(crate) seen: BTreeSet<RequestId>,
}

/// Where a run stands as a whole.
#[derive(Clone, PartialEq, Debug)]
pub enum Phase {
    /// Steps are dispatched as they become ready.
    Open,
    /// Steps that become ready are held back.
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// Live attempts were told to end; nothing else goes on.
    Stopping {
        /// How hard they were told.
        level: CancelLevel,
        /// Since when.
        since: Timestamp,
        /// How the run will have ended.
        ending: Ending,
    },
    /// Nothing more happens.
    Ended(Outcome),
}

/// How hard a run is ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelLevel {
    /// The agent is asked to stop by its own means.
    Interrupt,
    /// The agent is told to end, and killed a second later.
    Stop,
    /// The agent is killed.
    Kill,
}

/// How a run ends.
#[derive(Clone, PartialEq, Debug)]
pub enum Ending {
    /// Every step is done.
    Completed {
        /// What the last planned step made.
        output: Digest,
    },
    /// A step failed for good, or time ran out.
    Failed(Problem),
    /// It was ended on request.
    Cancelled {
        /// Why, in the caller's words.
        reason: Option<String>,
    },
}

/// How a run ended, and when.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// How.
    pub ending: Ending,
    /// When.
    pub at: Timestamp,
    /// Steps whose attempt did not confirm its end in time; what became of it is not known.
    pub unknown: Vec<StepId>,
}

impl Run {
    /// Everything still owed: what a driver that knows nothing else has to carry out now.
    ///
    /// The commands of [`Run::apply`], folded up to any point, are this set.
    pub fn owed(&self) -> BTreeSet<Command> {
        let live =
            self.live().map(|(id, step)| Command::Dispatch { step: id.clone(), attempt: step.attempt });
        let armed = self.timers.iter().map(|(timer, at)| Command::Arm { timer: timer.clone(), at: *at });
        live.chain(armed).collect()
    }

    /// The steps whose attempt is live.
    pub fn live(&self) -> impl Iterator<Item = (&StepId, &Step)> {
        self.steps.iter().filter(|(_, step)| step.state == StepState::Live)
    }

    /// How many attempts were made so far, over all steps.
    pub fn attempts(&self) -> u32 {
        self.steps.values().map(|step| step.attempt.0).sum()
    }

    /// How the run ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The output of a step that is done.
    pub fn output(&self, step: &StepId) -> Option<&Digest> {
        match &self.steps.get(step)?.state {
            StepState::Done { output } => Some(output),
            _ => None,
        }
    }
}
