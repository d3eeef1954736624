//! What lies around the driver: workers, those who watch runs, and those who wait for their end.

use mainspring_core::CancelLevel;
use mainspring_store::RunKey;
use mainspring_types::{AgentName, AttemptNo, Hash, StepId, Value};

/// One attempt for a worker.
#[derive(Clone, PartialEq, Debug)]
pub struct Assignment {
    /// The run.
    pub key: RunKey,
    /// The step.
    pub step: StepId,
    /// The attempt.
    pub attempt: AttemptNo,
    /// The agent, by name.
    pub agent: AgentName,
    /// The agent's version.
    pub version: Hash,
    /// What to do, as the plan says it.
    pub work: serde_json::Value,
    /// What the run was given.
    pub input: Value,
    /// What the step before made.
    pub previous: Option<Value>,
}

/// Carries out what a run owes. Everything it is told is durable; it may be told the same again after a crash.
pub trait World {
    /// Lets a worker try a step. An earlier attempt of the same step no longer counts.
    fn dispatch(&mut self, assignment: Assignment);
    /// Tells whoever holds the attempt to end it.
    fn abort(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo, level: CancelLevel);
    /// Tells whoever holds the attempt, or will, to stop what it does and take up what comes next.
    fn interrupt(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo);
    /// The run is paused: its attempts that no worker has taken stay untaken.
    fn hold(&mut self, key: &RunKey);
    /// The run is no longer paused.
    fn unhold(&mut self, key: &RunKey);
    /// The attempt no longer counts.
    fn release(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo);
    /// The run has ended.
    fn finish(&mut self, key: &RunKey);
    /// The run has entries up to `seq`.
    fn news(&mut self, key: &RunKey, seq: u64);
}
