//! Attempts and what follows from their ends: the next try, the next step, a wait.

use mainspring_types::{AttemptNo, StepId, Timestamp};

use crate::{
    AttemptEnd, CancelLevel, Command, Ending, Failure, FailureClass, LOSSES_MAX, Loss, Phase, Run, Step,
    StepState, TimerId, Wait,
};

impl Run {
    pub(super) fn end_attempt(
        &mut self,
        id: &StepId,
        attempt: AttemptNo,
        end: &AttemptEnd,
        at: Timestamp,
        owed: &mut Vec<Command>,
    ) {
        let Some(step) = self.release(id, attempt, owed) else { return };
        step.losses = 0;
        match end {
            AttemptEnd::Done { output } => step.state = StepState::Done { output: *output },
            AttemptEnd::Failed(failure) => self.fail_attempt(id, failure, at, owed),
            AttemptEnd::Parked(wait) => self.park(id, wait, at, owed),
            AttemptEnd::Aborted {} => self.ready(id, owed),
        }
    }

    pub(super) fn fail_attempt(
        &mut self,
        id: &StepId,
        failure: &Failure,
        at: Timestamp,
        owed: &mut Vec<Command>,
    ) {
        let stopping = self.is_stopping();
        let Some(step) = self.steps.get_mut(id) else { return };
        step.failures += 1;
        let wait = match failure.class {
            FailureClass::Transient if !stopping => step.retry.wait_after(step.failures),
            FailureClass::Transient | FailureClass::Permanent => None,
        };
        if let Some(wait) = wait {
            let until = at.after(wait);
            step.state = StepState::BackingOff { until };
            self.arm(TimerId::Retry(id.clone()), until, owed);
        } else {
            step.state = StepState::Failed;
            self.stop(CancelLevel::Stop, Ending::Failed(failure.problem.clone()), at, owed);
        }
    }

    pub(super) fn park(&mut self, id: &StepId, wait: &Wait, at: Timestamp, owed: &mut Vec<Command>) {
        if self.is_stopping() {
            return self.drop_step(id, owed);
        }
        if let Some(step) = self.steps.get_mut(id) {
            step.state = StepState::Parked { wait: wait.clone(), since: at };
        }
        match wait {
            Wait::Gate { gate, deadline: Some(deadline) } => self.arm(TimerId::Gate(*gate), *deadline, owed),
            Wait::Timer { until } => self.arm(TimerId::Wake(id.clone()), *until, owed),
            Wait::Gate { .. } | Wait::Child { .. } | Wait::Quota {} | Wait::Budget {} => {}
        }
    }

    pub(super) fn lose_attempt(
        &mut self,
        id: &StepId,
        attempt: AttemptNo,
        loss: Loss,
        at: Timestamp,
        owed: &mut Vec<Command>,
    ) {
        let stopping = self.is_stopping();
        let Some(step) = self.release(id, attempt, owed) else { return };
        step.losses += u32::from(loss == Loss::Worker);
        if step.losses >= LOSSES_MAX && !stopping {
            step.state = StepState::Stranded { since: at };
        } else {
            self.ready(id, owed);
        }
    }

    /// Ends the attempt as far as the run is concerned; `None` when it was not the live one.
    pub(super) fn release(
        &mut self,
        id: &StepId,
        attempt: AttemptNo,
        owed: &mut Vec<Command>,
    ) -> Option<&mut Step> {
        let step = self.steps.get_mut(id).filter(|step| step.is_live(attempt))?;
        step.interrupted = false;
        owed.push(Command::Release { step: id.clone(), attempt });
        Some(step)
    }

    /// Makes every step that waits for this ready.
    pub(super) fn take_up(&mut self, awaited: impl Fn(&Wait) -> bool, owed: &mut Vec<Command>) {
        let waits = |step: &Step| matches!(&step.state, StepState::Parked { wait, .. } if awaited(wait));
        let ready: Vec<StepId> =
            self.steps.iter().filter(|(_, step)| waits(step)).map(|(id, _)| id.clone()).collect();
        for id in ready {
            self.ready(&id, owed);
        }
    }

    /// Dispatches a step that may run, holds it back while paused, drops it when the run is stopping.
    pub(super) fn ready(&mut self, id: &StepId, owed: &mut Vec<Command>) {
        self.disarm_of(id, owed);
        let stopping = self.is_stopping();
        let open = matches!(self.phase, Phase::Open);
        let Some(step) = self.steps.get_mut(id).filter(|step| !step.is_finished()) else { return };
        if stopping {
            step.state = StepState::Dropped;
        } else if open {
            step.losses = if matches!(step.state, StepState::Stranded { .. }) { 0 } else { step.losses };
            step.attempt = step.attempt.next();
            step.state = StepState::Live;
            owed.push(Command::Dispatch { step: id.clone(), attempt: step.attempt });
        } else {
            step.state = StepState::Ready;
        }
    }

    /// Makes every blocked step ready whose predecessors are done.
    pub(super) fn advance(&mut self, owed: &mut Vec<Command>) {
        if !matches!(self.phase, Phase::Open | Phase::Paused { .. }) {
            return;
        }
        let done = |id: &StepId| self.output(id).is_some();
        let unblocked: Vec<StepId> = self
            .steps
            .iter()
            .filter(|(_, step)| step.state == StepState::Blocked && step.after.iter().all(done))
            .map(|(id, _)| id.clone())
            .collect();
        for id in unblocked {
            self.ready(&id, owed);
        }
    }

    pub(super) fn go_on(&mut self, owed: &mut Vec<Command>) {
        if self.is_stopping() {
            return;
        }
        self.phase = Phase::Open;
        let held: Vec<StepId> = self
            .steps
            .iter()
            .filter(|(_, step)| matches!(step.state, StepState::Ready | StepState::Stranded { .. }))
            .map(|(id, _)| id.clone())
            .collect();
        for id in held {
            self.ready(&id, owed);
        }
    }
}
