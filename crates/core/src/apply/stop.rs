//! How a run ends: by itself, with an error, or on request.

use mainspring_types::{Code, Problem, StepId, Timestamp};

use crate::{CancelLevel, Command, Ending, FENCE_AFTER, Outcome, Phase, Run, Step, StepState, TimerId};

impl Run {
    /// Begins to end the run; a run that is already stopping keeps its ending and is only pressed harder.
    pub(super) fn stop(
        &mut self,
        level: CancelLevel,
        ending: Ending,
        at: Timestamp,
        owed: &mut Vec<Command>,
    ) {
        let (level, since, ending) = match &self.phase {
            Phase::Stopping { level: told, since, ending } => (level.max(*told), *since, ending.clone()),
            _ => (level, at, ending),
        };
        self.phase = Phase::Stopping { level, since, ending };
        let idle: Vec<StepId> = self
            .steps
            .iter()
            .filter(|(_, step)| !step.is_finished() && step.state != StepState::Live)
            .map(|(id, _)| id.clone())
            .collect();
        for id in idle {
            self.drop_step(&id, owed);
        }
        for timer in [TimerId::Timeout, TimerId::Deadline] {
            self.disarm(timer, owed);
        }
        for (step, live) in self.live() {
            owed.push(Command::Abort { step: step.clone(), attempt: live.attempt, level });
        }
        if self.live().next().is_some() && !self.timers.contains_key(&TimerId::Fence) {
            self.arm(TimerId::Fence, at.after(FENCE_AFTER), owed);
        }
    }

    pub(super) fn drop_step(&mut self, id: &StepId, owed: &mut Vec<Command>) {
        self.disarm_of(id, owed);
        if let Some(step) = self.steps.get_mut(id) {
            step.state = StepState::Dropped;
        }
    }

    /// Ends the run without the attempts that did not confirm their end.
    pub(super) fn fence(&mut self, at: Timestamp, owed: &mut Vec<Command>) {
        let unknown: Vec<StepId> = self.live().map(|(id, _)| id.clone()).collect();
        for id in &unknown {
            let attempt = self.steps[id].attempt;
            if let Some(step) = self.release(id, attempt, owed) {
                step.state = StepState::Dropped;
            }
        }
        if let Phase::Stopping { ending, .. } = &self.phase {
            self.end(ending.clone(), unknown, at, owed);
        }
    }

    /// Ends the run when nothing is left to do.
    pub(super) fn conclude(&mut self, at: Timestamp, owed: &mut Vec<Command>) {
        if self.live().next().is_some() {
            return;
        }
        match &self.phase {
            Phase::Stopping { ending, .. } => self.end(ending.clone(), Vec::new(), at, owed),
            Phase::Open | Phase::Paused { .. } => {
                let last = self.created.plan.last().and_then(|last| self.output(last)).copied();
                if let (true, Some(output)) = (self.steps.values().all(Step::is_finished), last) {
                    self.end(Ending::Completed { output }, Vec::new(), at, owed);
                }
            }
            Phase::Ended(_) => {}
        }
    }

    pub(super) fn end(
        &mut self,
        ending: Ending,
        unknown: Vec<StepId>,
        at: Timestamp,
        owed: &mut Vec<Command>,
    ) {
        for timer in std::mem::take(&mut self.timers).into_keys() {
            owed.push(Command::Disarm { timer });
        }
        self.phase = Phase::Ended(Outcome { ending, at, unknown });
        owed.push(Command::Finish);
    }

    pub(super) fn out_of_time(&self, timer: &TimerId) -> Problem {
        let limit = self.created.plan.timeout_ms.unwrap_or_default();
        let message = match timer {
            TimerId::Timeout => {
                format!("the run took longer than its {} s{}", seconds(limit), self.where_it_was())
            }
            _ => format!("the run's deadline passed{}", self.where_it_was()),
        };
        Problem::new(Code::ExecutionTimeout, message)
            .suggest("give it more time with `--timeout`, or see with `mainspring runs events` where it went")
    }

    /// Which steps were at work, as the end of a sentence.
    pub(super) fn where_it_was(&self) -> String {
        let live: Vec<String> = self.live().map(|(id, _)| format!("`{id}`")).collect();
        match live.as_slice() {
            [] => String::new(),
            [step] => format!(", in step {step}"),
            steps => format!(", in steps {}", steps.join(", ")),
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping { .. })
    }
}

/// Milliseconds as seconds, without a trailing zero: `30`, `1.5`.
fn seconds(millis: u64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
