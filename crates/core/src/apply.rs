//! What an event changes, and what the run owes afterwards.
//!
//! `apply` always succeeds: the event has happened. One that comes late (for an attempt that no longer counts, a
//! timer that was disarmed, a run that has ended) changes nothing but the index and the time.

use mainspring_types::{AttemptNo, Code, Hash, Problem, StepId, Timestamp};

use crate::{
    AttemptEnd, CancelLevel, Command, Created, Ending, Event, FENCE_AFTER, Failure, FailureClass, LOSSES_MAX,
    Loss, Outcome, Phase, Run, Step, StepState, TimerId, Wait, What,
};

impl Run {
    /// The run that its first event begins, and what it owes at once; `None` when the event begins no run.
    pub fn begin(event: &Event) -> Option<(Self, Vec<Command>)> {
        let What::Created(created) = &event.what else { return None };
        let mut run = Self::unborn(created, event.at);
        run.note(event);
        let mut owed = Vec::new();
        if let Some(deadline) = run.created.deadline {
            run.arm(TimerId::Deadline, deadline, &mut owed);
        }
        run.advance(&mut owed);
        Some((run, owed))
    }

    /// Folds one recorded event in, returning what is now owed to the world.
    #[must_use]
    pub fn apply(mut self, event: &Event) -> (Self, Vec<Command>) {
        let mut owed = Vec::new();
        self.note(event);
        if !matches!(self.phase, Phase::Ended(_)) {
            self.change(&event.what, event.at, &mut owed);
        }
        (self, owed)
    }

    /// The run whose log this is; `None` when the log does not begin with a creation.
    pub fn from_log<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let (run, _) = Self::begin(events.next()?)?;
        Some(events.fold(run, |run, event| run.apply(event).0))
    }

    fn unborn(created: &Created, at: Timestamp) -> Self {
        let blocked = |step: &crate::PlannedStep| Step {
            after: step.after.clone(),
            retry: step.retry,
            state: StepState::Blocked,
            attempt: AttemptNo(0),
            failures: 0,
            losses: 0,
        };
        Self {
            steps: created.plan.steps.iter().map(|step| (step.id.clone(), blocked(step))).collect(),
            created: created.clone(),
            created_at: at,
            phase: Phase::Open,
            timers: std::collections::BTreeMap::new(),
            clock_started: None,
            next_index: 0,
            last_at: at,
            seen: std::collections::BTreeSet::new(),
        }
    }

    fn note(&mut self, event: &Event) {
        self.next_index = event.index + 1;
        self.last_at = self.last_at.max(event.at);
        if event.by.repeats_itself() {
            self.seen.insert(event.request.clone());
        }
    }

    fn change(&mut self, what: &What, at: Timestamp, owed: &mut Vec<Command>) {
        match what {
            What::Created(_) => {}
            What::ClockStarted {} => self.start_clock_at(at, owed),
            What::AttemptEnded { step, attempt, end, .. } => self.end_attempt(step, *attempt, end, at, owed),
            What::AttemptLost { step, attempt, loss } => self.lose_attempt(step, *attempt, *loss, at, owed),
            What::TimerFired { timer } => self.fire_timer(timer, at, owed),
            What::GateAnswered { gate } => {
                self.take_up(|wait| matches!(wait, Wait::Gate { gate: open, .. } if open == gate), owed);
            }
            What::ChildEnded { child } => {
                self.take_up(|wait| matches!(wait, Wait::Child { child: open } if open == child), owed);
            }
            What::Woken { step } => self.supply(step, owed),
            What::Paused {} => self.hold_back(at),
            What::Resumed {} => self.go_on(owed),
            What::CancelRequested { level, reason } => {
                self.stop(*level, Ending::Cancelled { reason: reason.clone() }, at, owed);
            }
        }
        self.advance(owed);
        self.conclude(at, owed);
    }

    fn start_clock_at(&mut self, at: Timestamp, owed: &mut Vec<Command>) {
        if let (Some(limit), None, false) =
            (self.created.plan.timeout_ms, self.clock_started, self.is_stopping())
        {
            self.clock_started = Some(at);
            self.arm(TimerId::Timeout, at.after(std::time::Duration::from_millis(limit)), owed);
        }
    }

    fn end_attempt(
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

    fn fail_attempt(&mut self, id: &StepId, failure: &Failure, at: Timestamp, owed: &mut Vec<Command>) {
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

    fn park(&mut self, id: &StepId, wait: &Wait, at: Timestamp, owed: &mut Vec<Command>) {
        if self.is_stopping() {
            return self.drop_step(id, CancelLevel::Stop, owed);
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

    fn lose_attempt(
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

    fn fire_timer(&mut self, timer: &TimerId, at: Timestamp, owed: &mut Vec<Command>) {
        if self.timers.remove(timer).is_none() {
            return;
        }
        owed.push(Command::Disarm { timer: timer.clone() });
        match timer {
            TimerId::Timeout | TimerId::Deadline => {
                self.stop(CancelLevel::Stop, Ending::Failed(self.out_of_time(timer)), at, owed);
            }
            TimerId::Fence => self.fence(at, owed),
            TimerId::Retry(step) | TimerId::Wake(step) => self.ready(step, owed),
            TimerId::Gate(gate) => self.pass_gate(gate, owed),
        }
    }

    fn pass_gate(&mut self, gate: &Hash, owed: &mut Vec<Command>) {
        self.take_up(|wait| matches!(wait, Wait::Gate { gate: open, .. } if open == gate), owed);
    }

    fn out_of_time(&self, timer: &TimerId) -> Problem {
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
    fn where_it_was(&self) -> String {
        let live: Vec<String> = self.live().map(|(id, _)| format!("`{id}`")).collect();
        match live.as_slice() {
            [] => String::new(),
            [step] => format!(", in step {step}"),
            steps => format!(", in steps {}", steps.join(", ")),
        }
    }

    /// Makes every step that waits for this ready.
    fn take_up(&mut self, awaited: impl Fn(&Wait) -> bool, owed: &mut Vec<Command>) {
        let waits = |step: &Step| matches!(&step.state, StepState::Parked { wait, .. } if awaited(wait));
        let ready: Vec<StepId> =
            self.steps.iter().filter(|(_, step)| waits(step)).map(|(id, _)| id.clone()).collect();
        for id in ready {
            self.ready(&id, owed);
        }
    }

    fn supply(&mut self, id: &StepId, owed: &mut Vec<Command>) {
        let state = self.steps.get(id).map(|step| &step.state);
        if matches!(state, Some(StepState::Parked { wait: Wait::Quota {} | Wait::Budget {}, .. })) {
            self.ready(id, owed);
        }
    }

    fn hold_back(&mut self, at: Timestamp) {
        if self.phase == Phase::Open {
            self.phase = Phase::Paused { since: at };
        }
    }

    fn go_on(&mut self, owed: &mut Vec<Command>) {
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

    /// Dispatches a step that may run, holds it back while paused, drops it when the run is stopping.
    fn ready(&mut self, id: &StepId, owed: &mut Vec<Command>) {
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
    fn advance(&mut self, owed: &mut Vec<Command>) {
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

    /// Begins to end the run; a run that is already stopping keeps its ending and is only pressed harder.
    fn stop(&mut self, level: CancelLevel, ending: Ending, at: Timestamp, owed: &mut Vec<Command>) {
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
            self.drop_step(&id, level, owed);
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

    fn drop_step(&mut self, id: &StepId, level: CancelLevel, owed: &mut Vec<Command>) {
        self.disarm_of(id, owed);
        let Some(step) = self.steps.get_mut(id) else { return };
        let before = std::mem::replace(&mut step.state, StepState::Dropped);
        if let StepState::Parked { wait: Wait::Child { child }, .. } = before {
            owed.push(Command::CancelChild { child, level });
        }
    }

    /// Ends the run without the attempts that did not confirm their end.
    fn fence(&mut self, at: Timestamp, owed: &mut Vec<Command>) {
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
    fn conclude(&mut self, at: Timestamp, owed: &mut Vec<Command>) {
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

    fn end(&mut self, ending: Ending, unknown: Vec<StepId>, at: Timestamp, owed: &mut Vec<Command>) {
        for timer in std::mem::take(&mut self.timers).into_keys() {
            owed.push(Command::Disarm { timer });
        }
        self.phase = Phase::Ended(Outcome { ending, at, unknown });
        owed.push(Command::Finish);
    }

    /// Ends the attempt as far as the run is concerned; `None` when it was not the live one.
    fn release(&mut self, id: &StepId, attempt: AttemptNo, owed: &mut Vec<Command>) -> Option<&mut Step> {
        let step = self.steps.get_mut(id).filter(|step| step.is_live(attempt))?;
        owed.push(Command::Release { step: id.clone(), attempt });
        Some(step)
    }

    fn arm(&mut self, timer: TimerId, at: Timestamp, owed: &mut Vec<Command>) {
        self.timers.insert(timer.clone(), at);
        owed.push(Command::Arm { timer, at });
    }

    fn disarm(&mut self, timer: TimerId, owed: &mut Vec<Command>) {
        if self.timers.remove(&timer).is_some() {
            owed.push(Command::Disarm { timer });
        }
    }

    fn disarm_of(&mut self, id: &StepId, owed: &mut Vec<Command>) {
        let gate = match self.steps.get(id).map(|step| &step.state) {
            Some(StepState::Parked { wait: Wait::Gate { gate, .. }, .. }) => Some(TimerId::Gate(*gate)),
            _ => None,
        };
        for timer in [TimerId::Retry(id.clone()), TimerId::Wake(id.clone())].into_iter().chain(gate) {
            self.disarm(timer, owed);
        }
    }

    fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping { .. })
    }
}

/// Milliseconds as seconds, without a trailing zero: `30`, `1.5`.
fn seconds(millis: u64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
