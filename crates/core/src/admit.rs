//! Which requests may be recorded, and as which event.

use mainspring_types::{AttemptNo, StepId, Timestamp};

use crate::{
    Ask, CancelLevel, Created, Event, FORMAT, Phase, Principal, Request, Run, Step, StepState, TimerId, Wait,
    What,
};

/// Why a request is not recorded. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was applied before, or what it asks for is already so.
    #[error("this is already so")]
    Known,
    /// The run has ended.
    #[error("the run has ended")]
    Ended,
    /// The run is about to end.
    #[error("the run is stopping")]
    Stopping,
    /// The attempt is not the one that counts now.
    #[error("attempt {attempt} of step `{step}` no longer counts")]
    Stale {
        /// The step.
        step: StepId,
        /// The attempt that asked.
        attempt: AttemptNo,
    },
    /// The run is neither paused nor stranded.
    #[error("the run is not paused")]
    NotPaused,
    /// No step waits for this.
    #[error("nothing waits for this")]
    NotAwaited,
    /// The timer is armed for later.
    #[error("the timer is not due before {due}")]
    NotDue {
        /// When it is due.
        due: Timestamp,
    },
}

impl Event {
    /// The event that begins a run.
    pub fn begin(
        created: Created,
        request: &mainspring_types::RequestId,
        by: Principal,
        now: Timestamp,
    ) -> Self {
        let what = What::Created(Box::new(created));
        Self { v: FORMAT, index: 0, at: now, by, request: request.clone(), what }
    }
}

impl Run {
    /// Whether a request may be recorded now, and as which event.
    ///
    /// Event time never runs backwards: it is `now`, or the time of the latest event when that is later.
    pub fn admit(&self, request: &Request, now: Timestamp) -> Result<Event, Refusal> {
        if request.by.repeats_itself() && self.seen.contains(&request.id) {
            return Err(Refusal::Known);
        }
        if matches!(self.phase, Phase::Ended(_)) {
            return Err(Refusal::Ended);
        }
        let at = now.max(self.last_at);
        Ok(Event {
            v: FORMAT,
            index: self.next_index,
            at,
            by: request.by.clone(),
            request: request.id.clone(),
            what: self.answer(&request.ask, at)?,
        })
    }

    fn answer(&self, ask: &Ask, at: Timestamp) -> Result<What, Refusal> {
        match ask {
            Ask::StartClock { step, attempt } => self.start_clock(step, *attempt),
            Ask::EndAttempt { step, attempt, end, used } => {
                self.expect_live(step, *attempt)?;
                Ok(What::AttemptEnded {
                    step: step.clone(),
                    attempt: *attempt,
                    end: end.clone(),
                    used: *used,
                })
            }
            Ask::LoseAttempt { step, attempt, loss } => {
                self.expect_live(step, *attempt)?;
                Ok(What::AttemptLost { step: step.clone(), attempt: *attempt, loss: *loss })
            }
            Ask::FireTimer(timer) => self.fire(timer, at),
            Ask::AnswerGate { gate } => {
                self.expect_wait(|wait| matches!(wait, Wait::Gate { gate: open, .. } if open == gate))?;
                Ok(What::GateAnswered { gate: *gate })
            }
            Ask::EndChild { child } => {
                self.expect_wait(|wait| matches!(wait, Wait::Child { child: open } if open == child))?;
                Ok(What::ChildEnded { child: *child })
            }
            Ask::Wake { step } => self.wake(step),
            Ask::Pause => self.pause(),
            Ask::Resume => self.resume(),
            Ask::Interrupt => self.interrupt(),
            Ask::Cancel { level, reason } => self.cancel(*level, reason.as_deref()),
        }
    }

    fn start_clock(&self, step: &StepId, attempt: AttemptNo) -> Result<What, Refusal> {
        self.expect_live(step, attempt)?;
        match (self.created.plan.timeout_ms, self.clock_started, &self.phase) {
            (Some(_), None, Phase::Open | Phase::Paused { .. }) => Ok(What::ClockStarted {}),
            _ => Err(Refusal::Known),
        }
    }

    fn fire(&self, timer: &TimerId, at: Timestamp) -> Result<What, Refusal> {
        match self.timers.get(timer) {
            None => Err(Refusal::NotAwaited),
            Some(&due) if due > at => Err(Refusal::NotDue { due }),
            Some(_) => Ok(What::TimerFired { timer: timer.clone() }),
        }
    }

    fn wake(&self, step: &StepId) -> Result<What, Refusal> {
        let state = self.steps.get(step).map(|step| &step.state);
        match state {
            Some(StepState::Parked { wait: Wait::Quota {} | Wait::Budget {}, .. }) => {
                Ok(What::Woken { step: step.clone() })
            }
            _ => Err(Refusal::NotAwaited),
        }
    }

    fn pause(&self) -> Result<What, Refusal> {
        match self.phase {
            Phase::Open => Ok(What::Paused {}),
            Phase::Paused { .. } => Err(Refusal::Known),
            Phase::Stopping { .. } => Err(Refusal::Stopping),
            Phase::Ended(_) => Err(Refusal::Ended),
        }
    }

    fn resume(&self) -> Result<What, Refusal> {
        let stranded = self.steps.values().any(|step| matches!(step.state, StepState::Stranded { .. }));
        match self.phase {
            Phase::Paused { .. } => Ok(What::Resumed {}),
            Phase::Open if stranded => Ok(What::Resumed {}),
            Phase::Open => Err(Refusal::NotPaused),
            Phase::Stopping { .. } => Err(Refusal::Stopping),
            Phase::Ended(_) => Err(Refusal::Ended),
        }
    }

    fn interrupt(&self) -> Result<What, Refusal> {
        match self.phase {
            Phase::Stopping { .. } => Err(Refusal::Stopping),
            _ if self.live().next().is_none() => Err(Refusal::NotAwaited),
            _ if self.live().all(|(_, step)| step.interrupted) => Err(Refusal::Known),
            _ => Ok(What::Interrupted {}),
        }
    }

    fn cancel(&self, level: CancelLevel, reason: Option<&str>) -> Result<What, Refusal> {
        match self.phase {
            Phase::Stopping { level: told, .. } if told >= level => Err(Refusal::Known),
            _ => Ok(What::CancelRequested { level, reason: reason.map(str::to_owned) }),
        }
    }

    fn expect_live(&self, id: &StepId, attempt: AttemptNo) -> Result<(), Refusal> {
        match self.steps.get(id) {
            Some(step) if step.is_live(attempt) => Ok(()),
            _ => Err(Refusal::Stale { step: id.clone(), attempt }),
        }
    }

    fn expect_wait(&self, awaited: impl Fn(&Wait) -> bool) -> Result<(), Refusal> {
        let waits = |step: &Step| matches!(&step.state, StepState::Parked { wait, .. } if awaited(wait));
        if self.steps.values().any(waits) { Ok(()) } else { Err(Refusal::NotAwaited) }
    }
}
