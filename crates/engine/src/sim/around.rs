//! The world of the simulated driver: the real desk, and a memory of what the driver let go.

use std::collections::BTreeMap;

use mainspring_core::{CancelLevel, Command};
use mainspring_store::RunKey;
use mainspring_types::{AttemptNo, StepId};

use crate::{Assignment, Desk, World};

/// Whether the driver may let anything go at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Door {
    /// It may not: what it decided is not durable.
    #[default]
    Shut,
    /// It may.
    Open,
}

/// What lies around the driver, as in [`crate::Embedded`].
#[derive(Default)]
pub(super) struct Around {
    pub(super) desk: Desk,
    pub(super) door: Door,
    pub(super) told: Told,
}

/// What the driver let go since this was last looked at.
#[derive(Default)]
pub(super) struct Told {
    /// What left while the door was shut.
    pub(super) early: Vec<&'static str>,
    pub(super) dispatched: Vec<Assignment>,
    /// Aborted before a worker took them.
    pub(super) unbegun: Vec<Assignment>,
    /// Ends of runs.
    pub(super) passing: BTreeMap<RunKey, Vec<Command>>,
    pub(super) news: BTreeMap<RunKey, u64>,
}

impl Around {
    fn leaves(&mut self, what: &'static str) {
        if self.door == Door::Shut {
            self.told.early.push(what);
        }
    }
}

impl World for Around {
    fn dispatch(&mut self, assignment: Assignment) {
        self.leaves("a dispatch");
        self.told.dispatched.push(assignment.clone());
        self.desk.dispatch(assignment);
    }

    fn abort(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo, level: CancelLevel) {
        self.leaves("an abort");
        self.told.unbegun.extend(self.desk.abort(key, step, attempt, level));
    }

    fn interrupt(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) {
        self.leaves("an interruption");
        self.desk.interrupt(key, step, attempt);
    }

    fn hold(&mut self, key: &RunKey) {
        self.leaves("a hold");
        self.desk.hold(key);
    }

    fn unhold(&mut self, key: &RunKey) {
        self.leaves("the end of a hold");
        self.desk.unhold(key);
    }

    fn release(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) {
        self.leaves("a release");
        self.desk.release(key, step, attempt);
    }

    fn finish(&mut self, key: &RunKey) {
        self.leaves("the end of a run");
        self.told.passing.entry(key.clone()).or_default().push(Command::Finish);
    }

    fn news(&mut self, key: &RunKey, seq: u64) {
        self.leaves("news");
        self.told.news.insert(key.clone(), seq);
    }
}
