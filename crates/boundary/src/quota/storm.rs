//! Many runs against a provider that refuses what is over its rate, simulated from seeds.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use mainspring_types::{TenantId, Timestamp};

use super::{Limiter, Outcome, Ticket, Turn};

/// What a provider refuses calls over.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// A bucket of calls that fills steadily.
    Rate { burst: f64, per_second: f64 },
    /// Calls being answered at the same time.
    AtOnce { calls: u32 },
}

/// What its refusals say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Says {
    RetryAfter,
    Nothing,
}

struct Provider {
    bound: Bound,
    says: Says,
    /// Calls left in the bucket, as of a moment.
    left: (f64, Timestamp),
    busy: u32,
}

impl Provider {
    fn new(bound: Bound, says: Says, now: Timestamp) -> Self {
        Self { bound, says, left: (f64::INFINITY, now), busy: 0 }
    }

    /// Takes a call, or refuses it with how long to wait.
    fn take(&mut self, now: Timestamp) -> Result<(), Option<Duration>> {
        let wait = match self.bound {
            Bound::Rate { burst, per_second } => {
                let (left, since) = self.left;
                let left = (left + now.since(since).as_secs_f64() * per_second).min(burst);
                self.left = (if left >= 1.0 { left - 1.0 } else { left }, now);
                (left < 1.0).then(|| ((1.0 - left) / per_second).ceil())
            }
            Bound::AtOnce { calls } => (self.busy >= calls).then_some(1.0),
        };
        if let Some(seconds) = wait {
            return Err((self.says == Says::RetryAfter).then(|| Duration::from_secs_f64(seconds)));
        }
        self.busy += 1;
        Ok(())
    }
}

/// Uniform numbers from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low + self.0 % (high - low)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The run asks for its next call.
    Asks { run: usize },
    /// The provider's refusal reaches us.
    Refused { run: usize, wait_ms: Option<u64> },
    /// The headers of an answer reach us.
    Begins { run: usize },
    /// An answer has been read to its end.
    Ends { run: usize },
    /// The limiter may let someone go.
    Due,
}

struct Storm {
    limiter: Limiter,
    provider: Provider,
    dice: Dice,
    now: Timestamp,
    agenda: BinaryHeap<Reverse<(Timestamp, u64, Event)>>,
    planned: u64,
    /// Calls that each run still needs.
    needs: Vec<u32>,
    ticket_of: Vec<Ticket>,
    run_of: BTreeMap<Ticket, usize>,
    calls: u32,
    accepted: u32,
    turns: Turns,
}

/// Who went while both tenants waited.
#[derive(Default)]
struct Turns {
    last: Option<usize>,
    in_a_row: u32,
    longest: u32,
}

impl Turns {
    fn went(&mut self, tenant: usize) {
        self.in_a_row = if self.last == Some(tenant) { self.in_a_row + 1 } else { 1 };
        self.last = Some(tenant);
        self.longest = self.longest.max(self.in_a_row);
    }
}

const RUNS: usize = 50;
const CALLS_EACH: u32 = 8;
const NEEDED: u32 = 50 * CALLS_EACH;

/// Which of the two tenants a run belongs to: one in five to the smaller one.
fn tenant_of(run: usize) -> usize {
    usize::from(run.is_multiple_of(5))
}

impl Storm {
    fn new(seed: u64, bound: Bound, says: Says) -> Self {
        let now = Timestamp::from_millis(1);
        let mut storm = Self {
            limiter: Limiter::new(None),
            provider: Provider::new(bound, says, now),
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            now,
            agenda: BinaryHeap::new(),
            planned: 0,
            needs: vec![CALLS_EACH; RUNS],
            ticket_of: vec![Ticket(0); RUNS],
            run_of: BTreeMap::new(),
            calls: 0,
            accepted: 0,
            turns: Turns::default(),
        };
        for run in 0..RUNS {
            storm.plan(0, 50, Event::Asks { run });
        }
        storm
    }

    fn plan(&mut self, low_ms: u64, high_ms: u64, event: Event) {
        let wait = Duration::from_millis(self.dice.between(low_ms, high_ms));
        self.planned += 1;
        self.agenda.push(Reverse((self.now.after(wait), self.planned, event)));
    }

    /// Runs to the end and returns how long it took.
    fn run(&mut self) -> Duration {
        while let Some(Reverse((at, _, event))) = self.agenda.pop() {
            self.now = self.now.max(at);
            self.happen(event);
            for ticket in self.limiter.wake(self.now) {
                self.send(ticket);
            }
            if let Some(due) = self.limiter.due().filter(|due| *due > self.now) {
                self.agenda.push(Reverse((due, u64::MAX, Event::Due)));
            }
        }
        self.now.since(Timestamp::from_millis(1))
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Asks { run } => self.ask(run),
            Event::Refused { run, wait_ms } => {
                let outcome = Outcome::Limited { wait: wait_ms.map(Duration::from_millis) };
                self.limiter.answered(self.now, self.ticket_of[run], outcome);
                self.ask(run);
            }
            Event::Begins { run } => {
                self.limiter.accepted(self.now, self.ticket_of[run], None);
                self.plan(200, 3_000, Event::Ends { run });
            }
            Event::Ends { run } => {
                let outcome = Outcome::Accepted { exhausted: None };
                self.limiter.answered(self.now, self.ticket_of[run], outcome);
                self.provider.busy -= 1;
                self.needs[run] -= 1;
                if self.needs[run] > 0 {
                    self.plan(1, 200, Event::Asks { run });
                }
            }
            Event::Due => {}
        }
    }

    fn ask(&mut self, run: usize) {
        self.planned += 1;
        let ticket = Ticket(self.planned);
        self.ticket_of[run] = ticket;
        self.run_of.insert(ticket, run);
        let tenant = TenantId::new(["large", "small"][tenant_of(run)]).expect("a slug");
        if self.limiter.ask(self.now, &tenant, ticket) == Turn::Go {
            self.send(ticket);
        }
    }

    fn send(&mut self, ticket: Ticket) {
        let waits = |tenant| self.run_of.values().any(|run| tenant_of(*run) == tenant);
        let contested = waits(0) && waits(1);
        let run = self.run_of.remove(&ticket).expect("it asked");
        if contested {
            self.turns.went(tenant_of(run));
        }
        self.calls += 1;
        match self.provider.take(self.now) {
            Ok(()) => {
                self.accepted += 1;
                self.plan(300, 800, Event::Begins { run });
            }
            Err(wait) => {
                let wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).expect("seconds"));
                self.plan(20, 60, Event::Refused { run, wait_ms });
            }
        }
    }
}

/// Seconds that the runs need at least: for what the provider takes, or else for their own answers.
fn ideal_secs(bound: Bound) -> f64 {
    const ANSWER: f64 = 2.15;
    let taken = match bound {
        Bound::Rate { burst, per_second } => (f64::from(NEEDED) - burst) / per_second,
        Bound::AtOnce { calls } => f64::from(NEEDED) * ANSWER / f64::from(calls),
    };
    taken.max(f64::from(CALLS_EACH) * ANSWER)
}

/// Fifty runs against the provider, from twenty seeds: every call is answered, few are refused, and tenants take turns.
fn weather(bound: Bound) {
    for (seed, says) in (0..20).flat_map(|seed| [(seed, Says::RetryAfter), (seed, Says::Nothing)]) {
        let mut storm = Storm::new(seed, bound, says);
        let times_ideal = storm.run().as_secs_f64() / ideal_secs(bound);
        let calls = f64::from(storm.calls) / f64::from(NEEDED);
        let in_a_row = storm.turns.longest;
        assert_eq!(storm.accepted, NEEDED, "seed {seed}, {says:?}");
        assert!(calls <= 1.25, "seed {seed}, {says:?}: {calls} calls for each that was needed");
        assert!(times_ideal <= 3.0, "seed {seed}, {says:?}: {times_ideal} times as long as needed");
        assert!(in_a_row <= 3, "seed {seed}, {says:?}: {in_a_row} in a row while the other tenant waited");
    }
}

#[test]
fn a_provider_of_two_calls_a_second() {
    weather(Bound::Rate { burst: 10.0, per_second: 2.0 });
}

#[test]
fn a_provider_of_one_call_a_second_that_allows_no_burst() {
    weather(Bound::Rate { burst: 1.0, per_second: 1.0 });
}

#[test]
fn a_provider_of_sixty_calls_a_minute_that_may_come_at_once() {
    weather(Bound::Rate { burst: 60.0, per_second: 1.0 });
}

#[test]
fn a_provider_faster_than_the_runs() {
    weather(Bound::Rate { burst: 5.0, per_second: 20.0 });
}

#[test]
fn a_provider_that_answers_four_at_once() {
    weather(Bound::AtOnce { calls: 4 });
}

#[test]
fn a_provider_that_answers_twenty_at_once() {
    weather(Bound::AtOnce { calls: 20 });
}
