//! What an event changes, and what the run owes afterwards.
//!
//! `apply` always succeeds: the event has happened. One that comes late (for an attempt that no longer counts, a
//! timer that was disarmed, a run that has ended) changes nothing but the index and the time.

mod attempt;
mod stop;

use mainspring_types::{AttemptNo, Hash, StepId, Timestamp};

use crate::{CancelLevel, Command, Created, Ending, Event, Phase, Run, Step, StepState, TimerId, Wait, What};

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
            interrupted: false,
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
            What::Interrupted {} => self.break_off(owed),
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

    fn break_off(&mut self, owed: &mut Vec<Command>) {
        if self.is_stopping() {
            return;
        }
        for (id, step) in self.steps.iter_mut().filter(|(_, step)| step.state == StepState::Live) {
            step.interrupted = true;
            owed.push(Command::Interrupt { step: id.clone(), attempt: step.attempt });
        }
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
}
