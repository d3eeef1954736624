//! A step of a run and where it stands.
//!
//! ```text
//!  blocked --(all before it done)--> ready --(not paused)--> live(attempt)
//!                                      ^                        |
//!        retry due, wait over,         |   failed, tries left   v
//!        lost, resumed                 +---- backing off <------+
//!                                      +---- parked(wait) <-----+
//!                                      +---- stranded <---------+ (lost too often)
//!                                                               |
//!                              done(output) | failed | dropped <+
//! ```

use mainspring_types::{AttemptNo, Digest, StepId, Timestamp};

use crate::{Retry, Wait};

/// One step: what it waits for, how it stands, and what it has cost so far.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// The steps that must be done first.
    pub after: Vec<StepId>,
    /// How often it may fail.
    pub retry: Retry,
    /// Where it stands.
    pub state: StepState,
    /// The number of its latest attempt; 0 before the first.
    pub attempt: AttemptNo,
    /// How many attempts failed.
    pub failures: u32,
    /// How many attempts in a row lost their worker while the server lived.
    pub losses: u32,
    /// Whether its live attempt was told to stop what it does and take up what comes next. The one that makes up for a
    /// lost one is not: it goes by what the interruption left in the record.
    pub interrupted: bool,
}

/// Where a step stands.
#[derive(Clone, PartialEq, Debug)]
pub enum StepState {
    /// A step before it is not done.
    Blocked,
    /// It could run and is held back, since the run is paused.
    Ready,
    /// Its latest attempt is with a worker, or waits for one.
    Live,
    /// It failed and is tried again later.
    BackingOff {
        /// When.
        until: Timestamp,
    },
    /// Its latest attempt ended to wait without a process.
    Parked {
        /// For what.
        wait: Wait,
        /// Since when.
        since: Timestamp,
    },
    /// Its workers were lost too often; someone has to look and resume the run.
    Stranded {
        /// Since when.
        since: Timestamp,
    },
    /// It did its work.
    Done {
        /// What it made.
        output: Digest,
    },
    /// It failed for good.
    Failed,
    /// The run ended without it.
    Dropped,
}

impl Step {
    /// Whether nothing more happens to it.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, StepState::Done { .. } | StepState::Failed | StepState::Dropped)
    }

    /// Whether the given attempt is the one that counts now.
    pub fn is_live(&self, attempt: AttemptNo) -> bool {
        self.state == StepState::Live && self.attempt == attempt
    }
}
