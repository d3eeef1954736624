//! What holds for every limiter, whatever the order of events.

use std::{collections::HashMap, num::NonZeroU32, time::Duration};

use mainspring_types::{TenantId, Timestamp};
use proptest::prelude::*;

use super::{Limiter, Outcome, Ticket, Turn};

const ACCEPTED: Outcome = Outcome::Accepted { exhausted: None };
const LIMITED: Outcome = Outcome::Limited { wait: None };

fn tenant(number: usize) -> TenantId {
    TenantId::new(&format!("tenant-{number}")).expect("a slug")
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// What may happen to a limiter; numbers choose among those it can happen to.
#[derive(Clone, Debug)]
enum Happens {
    Asks { tenant: usize },
    Accepted { call: usize, exhausted: Option<Duration> },
    Answered { call: usize, outcome: Outcome },
    Leaves { ticket: usize },
    Passes { millis: u64 },
}

fn happenings() -> impl Strategy<Value = Vec<Happens>> {
    let wait =
        || prop_oneof![3 => Just(None), 1 => (0_u64..100_000).prop_map(|ms| Some(Duration::from_millis(ms)))];
    let outcome = prop_oneof![
        4 => wait().prop_map(|exhausted| Outcome::Accepted { exhausted }),
        2 => wait().prop_map(|wait| Outcome::Limited { wait }),
        1 => Just(Outcome::Failed),
    ];
    let happens = prop_oneof![
        6 => (0_usize..3).prop_map(|tenant| Happens::Asks { tenant }),
        1 => (any::<usize>(), wait()).prop_map(|(call, exhausted)| Happens::Accepted { call, exhausted }),
        4 => (any::<usize>(), outcome).prop_map(|(call, outcome)| Happens::Answered { call, outcome }),
        1 => any::<usize>().prop_map(|ticket| Happens::Leaves { ticket }),
        3 => (0_u64..20_000).prop_map(|millis| Happens::Passes { millis }),
    ];
    proptest::collection::vec(happens, 1..300)
}

/// A limiter with the books that a caller would keep.
struct World {
    limiter: Limiter,
    now: Timestamp,
    issued: u64,
    waiting: Vec<(Ticket, usize)>,
    in_flight: Vec<Ticket>,
    sent: Vec<(Timestamp, usize)>,
}

impl World {
    fn new(calls_per_minute: Option<u32>) -> Self {
        let limiter = Limiter::new(calls_per_minute.and_then(NonZeroU32::new));
        Self { limiter, now: at(1), issued: 0, waiting: vec![], in_flight: vec![], sent: vec![] }
    }

    fn ask(&mut self, of: usize) {
        self.issued += 1;
        let ticket = Ticket(self.issued);
        match self.limiter.ask(self.now, &tenant(of), ticket) {
            Turn::Go => self.go(ticket, of),
            Turn::Wait => self.waiting.push((ticket, of)),
        }
    }

    fn go(&mut self, ticket: Ticket, of: usize) {
        self.in_flight.push(ticket);
        assert!(self.in_flight.len() <= self.limiter.at_once() as usize, "more in flight than the window");
        self.sent.push((self.now, of));
    }

    fn wake(&mut self) {
        for ticket in self.limiter.wake(self.now) {
            let place = self.waiting.iter().position(|(waiting, _)| *waiting == ticket).expect("it waited");
            let (_, of) = self.waiting.remove(place);
            self.go(ticket, of);
        }
    }

    fn happen(&mut self, happens: &Happens) {
        match happens {
            Happens::Asks { tenant } => self.ask(*tenant),
            Happens::Accepted { call, exhausted } if !self.in_flight.is_empty() => {
                let call = self.in_flight[call % self.in_flight.len()];
                self.limiter.accepted(self.now, call, *exhausted);
            }
            Happens::Answered { call, outcome } if !self.in_flight.is_empty() => {
                let call = self.in_flight.remove(call % self.in_flight.len());
                self.limiter.answered(self.now, call, *outcome);
            }
            Happens::Leaves { ticket } if self.issued > 0 => {
                let ticket = Ticket(*ticket as u64 % self.issued + 1);
                self.limiter.leave(self.now, ticket);
                self.waiting.retain(|(waiting, _)| *waiting != ticket);
                self.in_flight.retain(|call| *call != ticket);
            }
            Happens::Passes { millis } => {
                self.now = self.now.after(Duration::from_millis(*millis));
            }
            Happens::Accepted { .. } | Happens::Answered { .. } | Happens::Leaves { .. } => {}
        }
        self.wake();
    }

    /// Everyone in flight is answered well, and then time passes until someone may go.
    fn go_on(&mut self) {
        for call in std::mem::take(&mut self.in_flight) {
            self.limiter.answered(self.now, call, ACCEPTED);
        }
        self.wake();
        if self.in_flight.is_empty() {
            self.now = self.now.max(self.limiter.due().expect("somebody waits and nothing is in flight"));
            self.wake();
        }
    }
}

proptest! {
    /// The books agree, no call goes beyond the window, and whoever waits goes within as many rounds of good answers as there are before it.
    #[test]
    fn nobody_starves(happenings in happenings(), per_minute in proptest::option::of(1_u32..40)) {
        let mut world = World::new(per_minute);
        for happens in &happenings {
            world.happen(happens);
            prop_assert_eq!(world.limiter.waiting(), world.waiting.len());
        }
        for _ in 0..=world.waiting.len() {
            if !world.waiting.is_empty() {
                world.go_on();
            }
        }
        prop_assert!(world.waiting.is_empty(), "{:?}", world.limiter);
    }

    /// No stretch of a minute holds more calls than the provider is set to.
    #[test]
    fn a_set_rate_is_kept(happenings in happenings(), per_minute in 1_u32..10) {
        let mut world = World::new(Some(per_minute));
        for happens in &happenings {
            world.happen(happens);
        }
        for calls in world.sent.windows(per_minute as usize + 1) {
            let ends = [calls[0].0, calls[per_minute as usize].0];
            prop_assert!(ends[1].since(ends[0]) >= Duration::from_mins(1), "{:?}", ends);
        }
    }

    /// Of tenants that wait all the time, none gets more than one call ahead of another; in a line, order is kept.
    #[test]
    fn tenants_go_in_turns(lines in proptest::collection::vec(1_usize..40, 2..5), mix in any::<u64>()) {
        let mut world = World::new(Some(1));
        world.ask(lines.len());
        let mut left = lines.clone();
        let mut dice = mix;
        while left.iter().any(|left| *left > 0) {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let of = (dice >> 33) as usize % left.len();
            if left[of] > 0 {
                left[of] -= 1;
                world.ask(of);
            }
        }
        let shortest = *lines.iter().min().expect("two or more");
        (0..shortest * lines.len()).for_each(|_| world.go_on());
        let mut went: HashMap<usize, usize> = HashMap::new();
        for (_, of) in &world.sent[1..] {
            *went.entry(*of).or_default() += 1;
        }
        prop_assert!(went.values().all(|calls| *calls == shortest), "{:?} of {:?}", went, lines);
    }
}

/// When calls go to a provider that refuses each at once.
fn sent_against_refusals(wait: Option<Duration>, until: Duration) -> Vec<Timestamp> {
    let mut world = World::new(None);
    (0..100).for_each(|of| world.ask(of % 2));
    let end = world.now.after(until);
    while world.now <= end {
        for call in std::mem::take(&mut world.in_flight) {
            world.limiter.answered(world.now, call, Outcome::Limited { wait });
            world.ask(0);
        }
        world.now = world.now.max(world.limiter.due().expect("all of them still wait"));
        world.wake();
    }
    world.sent.iter().map(|(sent, _)| *sent).collect()
}

#[test]
fn refusals_in_a_row_slow_calls_down_geometrically() {
    for wait in [None, Some(Duration::ZERO)] {
        let sent = sent_against_refusals(wait, Duration::from_mins(10));
        let probes = &sent[sent.iter().filter(|at| **at == sent[0]).count()..];
        let gaps: Vec<Duration> = probes.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        let doubles = |pair: &[Duration]| pair[1] == (pair[0] * 2).min(Duration::from_mins(1));
        assert!(gaps.windows(2).all(doubles), "{wait:?}: {gaps:?}");
        assert!(sent.len() <= 40, "{wait:?}: {} calls in ten minutes", sent.len());
    }
}

#[test]
fn a_burst_that_is_refused_as_a_whole_is_one_lesson() {
    let mut world = World::new(None);
    (0..16).for_each(|_| world.ask(0));
    world.ask(0);
    assert_eq!((world.in_flight.len(), world.waiting.len()), (16, 1));
    for call in std::mem::take(&mut world.in_flight) {
        world.limiter.answered(world.now, call, LIMITED);
    }
    assert_eq!(world.limiter.due(), Some(at(1_001)), "one pause, not sixteen");
}

#[test]
fn after_a_pause_one_goes_first_and_the_others_follow_as_it_is_accepted() {
    let mut world = World::new(None);
    (0..20).for_each(|_| world.ask(0));
    let first = world.in_flight.remove(0);
    let wait = Some(Duration::from_secs(7));
    world.limiter.answered(world.now, first, Outcome::Limited { wait });
    for call in std::mem::take(&mut world.in_flight) {
        world.limiter.answered(world.now, call, Outcome::Failed);
    }
    assert_eq!(world.limiter.due(), Some(at(7_001)));
    world.now = at(7_001);
    world.wake();
    assert_eq!((world.in_flight.len(), world.limiter.due()), (1, None), "the probe is out");
    world.limiter.accepted(world.now, world.in_flight[0], None);
    while let Some(due) = world.limiter.due() {
        world.now = world.now.max(due);
        world.wake();
    }
    assert_eq!((world.in_flight.len(), world.waiting.len()), (4, 0), "its answer is still being read");
    assert_eq!(world.now, at(8_381), "fifteen had to last for seven seconds, so they go one by one");
}

#[test]
fn a_probe_that_meets_another_failure_leaves_the_next_one_to_probe() {
    let mut world = World::new(None);
    (0..17).for_each(|_| world.ask(0));
    for call in std::mem::take(&mut world.in_flight) {
        world.limiter.answered(world.now, call, LIMITED);
    }
    world.ask(0);
    world.now = at(1_001);
    world.wake();
    let probe = world.in_flight.remove(0);
    world.limiter.leave(world.now, probe);
    assert_eq!(world.limiter.due(), Some(at(1_001)));
    world.wake();
    assert_eq!(world.in_flight.len(), 1);
}

#[test]
fn an_answer_that_says_nothing_is_left_shuts_the_gate_without_a_refusal() {
    let mut world = World::new(None);
    (0..17).for_each(|_| world.ask(0));
    let exhausted = Some(Duration::from_secs(3));
    for call in std::mem::take(&mut world.in_flight) {
        world.limiter.answered(world.now, call, Outcome::Accepted { exhausted });
    }
    assert_eq!(world.limiter.due(), Some(at(3_001)));
}
