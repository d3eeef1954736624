//! Random lives of a run: a plan, and what is asked of it in which order.
//!
//! A move is drawn before the run is known and aimed at what the run is doing then, so that most moves hit.

use mainspring_core::{
    Ask, AttemptEnd, CancelLevel, Command, Created, Event, Failure, FailureClass, Loss, Plan, PlannedStep,
    Principal, RULES, Refusal, Request, Retry, Run, StepState, Trust, Used, Wait,
};
use mainspring_types::{
    AgentName, AttemptNo, Code, Hash, Problem, RequestId, RunId, StepId, Timestamp, Value,
};
use proptest::{collection::vec, prelude::*};

/// The moment at which every story begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A run's life, told in full.
pub(crate) struct Story {
    pub(crate) born: Event,
    pub(crate) first: (Run, Vec<Command>),
    pub(crate) moments: Vec<Moment>,
}

/// One request and what came of it.
pub(crate) struct Moment {
    pub(crate) before: Run,
    pub(crate) request: Request,
    pub(crate) now: Timestamp,
    pub(crate) verdict: Result<Event, Refusal>,
    pub(crate) after: Run,
    pub(crate) commands: Vec<Command>,
}

/// One move; the numbers choose among what there is.
#[derive(Clone, Copy, Debug)]
enum Move {
    End(usize, Age, usize),
    Lose(usize, Age, Loss),
    Start(usize),
    Fire(usize, Haste),
    Answer(usize),
    Pause,
    Resume,
    Cancel(CancelLevel),
    Repeat(usize),
    Stray(usize),
    Clock(i64),
}

/// Which attempt of a step is meant.
#[derive(Clone, Copy, Debug)]
enum Age {
    Current,
    Earlier,
    Later,
}

/// Whether a timer is fired when it is due or too early.
#[derive(Clone, Copy, Debug)]
enum Haste {
    Due,
    Early,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:?}\n  ordered {:?}", self.born.what, self.first.1)?;
        for Moment { now, request, verdict, commands, .. } in &self.moments {
            match verdict {
                Ok(_) => writeln!(f, "{now} {:?}\n  ordered {commands:?}", request.ask)?,
                Err(refusal) => writeln!(f, "{now} {:?}\n  refused: {refusal}", request.ask)?,
            }
        }
        Ok(())
    }
}

impl Story {
    /// The recorded log.
    pub(crate) fn log(&self) -> Vec<Event> {
        let recorded = self.moments.iter().filter_map(|moment| moment.verdict.as_ref().ok());
        std::iter::once(&self.born).chain(recorded).cloned().collect()
    }

    /// The run after its creation and after every moment.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        std::iter::once(&self.first.0).chain(self.moments.iter().map(|moment| &moment.after))
    }

    /// What was ordered, in order, and the run that ordered it.
    pub(crate) fn orders(&self) -> impl Iterator<Item = (&Run, &[Command])> {
        let later = self.moments.iter().map(|moment| (&moment.after, moment.commands.as_slice()));
        std::iter::once((&self.first.0, self.first.1.as_slice())).chain(later)
    }

    /// The moments in which something was recorded.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = (&Moment, &Event)> {
        self.moments.iter().filter_map(|moment| Some((moment, moment.verdict.as_ref().ok()?)))
    }
}

/// Random stories.
pub(crate) fn stories() -> impl Strategy<Value = Story> {
    (plans(), proptest::option::of(0_i64..120_000), vec(moves(), 0..60)).prop_map(tell)
}

fn plans() -> impl Strategy<Value = Plan> {
    let step = (any::<u8>(), prop_oneof![Just(1), Just(2), Just(4)], prop_oneof![Just(0), Just(5_000)]);
    (vec(step, 1..5), proptest::option::of(1_000_u64..60_000)).prop_map(|(steps, timeout_ms)| {
        let mut planned: Vec<PlannedStep> = Vec::new();
        for ((mask, attempts, delay_ms), name) in steps.into_iter().zip(["c", "a", "d", "b"]) {
            let earlier = planned.iter().enumerate().filter(|(place, _)| mask >> place & 1 == 1);
            let after = earlier.map(|(_, step)| step.id.clone()).collect();
            let retry = Retry { attempts, delay_ms, ..Retry::default() };
            planned.push(PlannedStep { id: step_id(name), after, retry, work: serde_json::Value::Null });
        }
        Plan { steps: planned, timeout_ms }
    })
}

fn moves() -> impl Strategy<Value = Move> {
    let age = || prop_oneof![8 => Just(Age::Current), 1 => Just(Age::Earlier), 1 => Just(Age::Later)];
    let haste = prop_oneof![4 => Just(Haste::Due), 1 => Just(Haste::Early)];
    let loss = prop_oneof![3 => Just(Loss::Worker), 1 => Just(Loss::Server)];
    let level = prop_oneof![Just(CancelLevel::Interrupt), Just(CancelLevel::Stop), Just(CancelLevel::Kill)];
    prop_oneof![
        12 => (0..8_usize, age(), 0..16_usize).prop_map(|(step, age, end)| Move::End(step, age, end)),
        6 => (0..8_usize, age(), loss).prop_map(|(step, age, loss)| Move::Lose(step, age, loss)),
        2 => (0..8_usize).prop_map(Move::Start),
        6 => (0..8_usize, haste).prop_map(|(timer, haste)| Move::Fire(timer, haste)),
        5 => (0..8_usize).prop_map(Move::Answer),
        2 => Just(Move::Pause),
        3 => Just(Move::Resume),
        1 => level.prop_map(Move::Cancel),
        2 => (0..32_usize).prop_map(Move::Repeat),
        2 => (0..8_usize).prop_map(Move::Stray),
        3 => (-5_000_i64..30_000).prop_map(Move::Clock),
    ]
}

fn tell((plan, deadline, moves): (Plan, Option<i64>, Vec<Move>)) -> Story {
    let deadline = deadline.map(|after| Timestamp::from_millis(START.as_millis() + after));
    let born = birth(Created { deadline, ..created(plan) });
    let first = Run::begin(&born).expect("the event is a creation");
    let mut teller = Teller { run: first.0.clone(), now: START, asked: Vec::new() };
    let moments = moves.into_iter().filter_map(|next| teller.play(next)).collect();
    Story { born, first, moments }
}

struct Teller {
    run: Run,
    now: Timestamp,
    asked: Vec<Request>,
}

impl Teller {
    fn play(&mut self, next: Move) -> Option<Moment> {
        let request = match next {
            Move::Clock(jump) => {
                self.now = Timestamp::from_millis(self.now.as_millis() + jump);
                return None;
            }
            Move::Repeat(which) => self.asked.get(which % self.asked.len().max(1))?.clone(),
            other => self.request(other)?,
        };
        self.asked.push(request.clone());
        let before = self.run.clone();
        let verdict = before.admit(&request, self.now);
        let (after, commands) = match &verdict {
            Ok(event) => before.clone().apply(event),
            Err(_) => (before.clone(), Vec::new()),
        };
        self.run = after.clone();
        Some(Moment { before, request, now: self.now, verdict, after, commands })
    }

    fn request(&mut self, next: Move) -> Option<Request> {
        let worker = || Principal::Worker("w".into());
        let (by, ask) = match next {
            Move::End(step, age, end) => (worker(), self.end(step, age, end)?),
            Move::Lose(step, age, loss) => {
                let (step, attempt) = self.attempt(step, age)?;
                (Principal::Engine, Ask::LoseAttempt { step, attempt, loss })
            }
            Move::Start(step) => {
                let (step, attempt) = self.attempt(step, Age::Current)?;
                (Principal::Engine, Ask::StartClock { step, attempt })
            }
            Move::Fire(timer, haste) => (Principal::Engine, self.fire(timer, haste)?),
            Move::Answer(which) => (user(), self.answer(which)?),
            Move::Pause => (user(), Ask::Pause),
            Move::Resume => (user(), Ask::Resume),
            Move::Cancel(level) => (user(), Ask::Cancel { level, reason: None }),
            Move::Stray(which) => (user(), self.stray(which)?),
            Move::Repeat(_) | Move::Clock(_) => return None,
        };
        Some(Request { id: RequestId::from_cause(format!("r{}", self.asked.len())), by, ask })
    }

    /// An attempt of a step that is live, or of any when none is.
    fn attempt(&self, which: usize, age: Age) -> Option<(StepId, AttemptNo)> {
        let live: Vec<_> = self.run.live().collect();
        let (id, step) = match live.len() {
            0 => self.run.steps.iter().nth(which % self.run.steps.len())?,
            some => live[which % some],
        };
        let attempt = match age {
            Age::Current => step.attempt.0,
            Age::Earlier => step.attempt.0.checked_sub(1)?,
            Age::Later => step.attempt.0 + 1,
        };
        Some((id.clone(), AttemptNo(attempt)))
    }

    fn end(&self, step: usize, age: Age, end: usize) -> Option<Ask> {
        let (step, attempt) = self.attempt(step, age)?;
        let soon = Timestamp::from_millis(self.now.as_millis() + 4_000);
        let gate = Hash::of(if end == 8 { b"shared" } else { step.as_str().as_bytes() });
        let end = match end {
            0..6 => done(&format!("{step}/{attempt}")),
            6 => failed(FailureClass::Permanent),
            7 | 14 | 15 => failed(FailureClass::Transient),
            8 | 9 => AttemptEnd::Parked(Wait::Gate { gate, deadline: (end == 9).then_some(soon) }),
            10 => AttemptEnd::Parked(Wait::Timer { until: soon }),
            11 => AttemptEnd::Parked(Wait::Child { child: RunId::from_u128(7) }),
            12 => AttemptEnd::Parked(if attempt.0 % 2 == 0 { Wait::Quota {} } else { Wait::Budget {} }),
            _ => AttemptEnd::Aborted {},
        };
        Some(Ask::EndAttempt { step, attempt, end, used: Used::default() })
    }

    fn fire(&mut self, which: usize, haste: Haste) -> Option<Ask> {
        let timers: Vec<_> = self.run.timers.iter().collect();
        let (timer, due) = *timers.get(which % timers.len().max(1))?;
        let timer = timer.clone();
        if let Haste::Due = haste {
            self.now = self.now.max(*due);
        }
        Some(Ask::FireTimer(timer))
    }

    fn answer(&self, which: usize) -> Option<Ask> {
        let parked = |(id, step): (&StepId, &mainspring_core::Step)| match &step.state {
            StepState::Parked { wait: Wait::Gate { gate, .. }, .. } => Some(Ask::AnswerGate { gate: *gate }),
            StepState::Parked { wait: Wait::Child { child }, .. } => Some(Ask::EndChild { child: *child }),
            StepState::Parked { wait: Wait::Quota {} | Wait::Budget {}, .. } => {
                Some(Ask::Wake { step: id.clone() })
            }
            _ => None,
        };
        let asks: Vec<Ask> = self.run.steps.iter().filter_map(parked).collect();
        asks.get(which % asks.len().max(1)).cloned()
    }

    /// What nothing waits for.
    fn stray(&self, which: usize) -> Option<Ask> {
        let (id, _) = self.run.steps.iter().nth(which % self.run.steps.len())?;
        Some(match which % 5 {
            0 => Ask::AnswerGate { gate: Hash::of(b"nobody") },
            1 => Ask::EndChild { child: RunId::from_u128(1) },
            2 => Ask::Wake { step: id.clone() },
            3 => Ask::Interrupt,
            _ => Ask::FireTimer(mainspring_core::TimerId::Wake(id.clone())),
        })
    }
}

pub(crate) fn step_id(name: &str) -> StepId {
    StepId::new(name).expect("a letter is a step")
}

pub(crate) fn user() -> Principal {
    Principal::User("u".into())
}

pub(crate) fn done(token: &str) -> AttemptEnd {
    AttemptEnd::Done { output: Value::Text(token.into()).digest() }
}

pub(crate) fn failed(class: FailureClass) -> AttemptEnd {
    AttemptEnd::Failed(Failure { class, problem: Problem::new(Code::Internal, "it broke") })
}

/// What a run of this plan carries with it.
pub(crate) fn created(plan: Plan) -> Created {
    Created {
        run: RunId::from_u128(42),
        rules: RULES,
        agent: AgentName::new("agent").expect("a word is a name"),
        version: Hash::of(b"version"),
        plan,
        input: Value::null().digest(),
        trust: Trust::Standard,
        session: None,
        parent: None,
        fork: None,
        deadline: None,
        trace: "0af7651916cd43dd8448eb211c80319c".into(),
    }
}

/// The event that begins the run.
pub(crate) fn birth(created: Created) -> Event {
    Event::begin(created, &RequestId::from_cause("create"), user(), START)
}
