//! What the building of an environment says while it goes on.

use std::time::{Duration, Instant};

/// How far the building has come. Stages follow one another in this order; a warm environment goes straight to the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// Looking for an interpreter, or waiting for another builder of the same environment.
    Interpreter,
    /// Making the empty environment.
    Create,
    /// Running install commands, one report at the start of each.
    Install,
    /// Proving that the environment starts, and weighing it.
    Check,
    /// The environment can be used.
    Ready,
}

/// One report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// How far the building has come.
    pub stage: Stage,
    /// What is being done, for a person.
    pub message: String,
    /// From 0 to 100; `None` while waiting for somebody else.
    pub percent: Option<u8>,
    /// Since the environment was asked for.
    pub elapsed: Duration,
}

/// Sends reports and knows when the building began.
pub(super) struct Reporter {
    begun: Instant,
    send: Box<dyn FnMut(Progress) + Send>,
}

impl Reporter {
    pub(super) fn new(send: impl FnMut(Progress) + Send + 'static) -> Self {
        Self { begun: Instant::now(), send: Box::new(send) }
    }

    pub(super) fn say(&mut self, stage: Stage, percent: impl Into<Option<u8>>, message: impl Into<String>) {
        let elapsed = self.begun.elapsed();
        (self.send)(Progress { stage, message: message.into(), percent: percent.into(), elapsed });
    }
}
