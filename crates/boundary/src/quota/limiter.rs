//! The decisions of the governor for one account: who goes now, who waits, and until when.

use std::{collections::HashMap, num::NonZeroU32, time::Duration};

use mainspring_types::{TenantId, Timestamp};

use super::{
    pace::{Pace, Quota},
    queue::Queue,
    window::Window,
};

/// The pause after a first 429 that does not say how long to wait; each further one doubles it.
const PAUSE: Duration = Duration::from_secs(1);

/// The same for a 429 that does say: it is believed, unless it says too little again and again.
const PAUSE_HINTED: Duration = Duration::from_millis(100);

/// The longest pause that is not asked for by the provider.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// The longest pause a provider can ask for: what says more is a mistake, or a day's quota.
const HINT_MAX: Duration = Duration::from_hours(24);

/// One call that asks for permission; unique within its limiter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// What a call is told when it asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It goes now.
    Go,
    /// It is in the queue.
    Wait,
}

/// What became of a call that went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The provider took it, whatever it answered.
    Accepted {
        /// How long nothing is left, when the answer's headers say so: see [`super::exhausted`].
        exhausted: Option<Duration>,
    },
    /// The provider refused it for its rate.
    Limited {
        /// How long the provider asks to wait.
        wait: Option<Duration>,
    },
    /// It says nothing about the rate: the provider failed, or was not reached.
    Failed,
}

/// The state of one account. Time is an argument, and never runs backwards.
#[derive(Debug)]
pub struct Limiter {
    gate: Gate,
    window: Window,
    pace: Pace,
    quota: Option<Quota>,
    /// 429s since a call was last accepted, not counting those of calls sent before the first.
    limited_in_a_row: u32,
    /// Raised whenever the gate shuts: what was sent before says nothing about the time after.
    epoch: u64,
    in_flight: HashMap<Ticket, Flight>,
    queue: Queue,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gate {
    Open,
    Shut { until: Timestamp },
    Probing { probe: Ticket },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Flight {
    epoch: u64,
    state: FlightState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FlightState {
    Sent,
    Accepted,
}

impl Limiter {
    /// An account of which nothing is known but, perhaps, the calls a minute it is set to.
    pub fn new(calls_per_minute: Option<NonZeroU32>) -> Self {
        Self {
            gate: Gate::Open,
            window: Window::default(),
            pace: Pace::default(),
            quota: calls_per_minute.map(Quota::new),
            limited_in_a_row: 0,
            epoch: 0,
            in_flight: HashMap::new(),
            queue: Queue::default(),
        }
    }

    /// A call asks to go. It never overtakes one that waits.
    pub fn ask(&mut self, now: Timestamp, tenant: &TenantId, ticket: Ticket) -> Turn {
        if self.is_idle() {
            self.pace.resumed(now);
        }
        if self.queue.is_empty() && self.is_open(now) {
            self.send(now, ticket);
            return Turn::Go;
        }
        self.queue.push(tenant, ticket);
        Turn::Wait
    }

    /// The provider took the call, which goes on; its answer is still to be read.
    pub fn accepted(&mut self, now: Timestamp, ticket: Ticket, exhausted: Option<Duration>) {
        let in_flight = self.in_flight.len();
        let Some(flight) = self.in_flight.get_mut(&ticket) else { return };
        if flight.state == FlightState::Accepted {
            return;
        }
        flight.state = FlightState::Accepted;
        if flight.epoch == self.epoch {
            self.window.accepted(in_flight);
            self.pace.accepted();
            self.limited_in_a_row = 0;
            if matches!(self.gate, Gate::Probing { .. }) {
                self.gate = Gate::Open;
            }
        }
        if let Some(pause) = exhausted {
            self.shut(now.after(pause.min(HINT_MAX)));
        }
    }

    /// The call has ended.
    pub fn answered(&mut self, now: Timestamp, ticket: Ticket, outcome: Outcome) {
        if let Outcome::Accepted { exhausted } = outcome {
            self.accepted(now, ticket, exhausted);
        }
        let in_flight = self.in_flight.len();
        let Some(flight) = self.in_flight.remove(&ticket) else { return };
        match outcome {
            Outcome::Limited { wait } => self.limited(now, flight, in_flight, wait),
            Outcome::Accepted { .. } | Outcome::Failed => self.unprobe(now, ticket),
        }
    }

    /// The call is given up, wherever it stands. What it used of the rate stays used, since it may have been sent.
    pub fn leave(&mut self, now: Timestamp, ticket: Ticket) {
        if !self.queue.remove(ticket) {
            self.answered(now, ticket, Outcome::Failed);
        }
    }

    /// When [`Self::wake`] could let someone go; `None` when nobody waits, or an answer must come first.
    pub fn due(&self) -> Option<Timestamp> {
        if self.queue.is_empty() { None } else { self.opens() }
    }

    /// Those who go now, in order.
    pub fn wake(&mut self, now: Timestamp) -> Vec<Ticket> {
        let mut woken = Vec::new();
        while self.is_open(now) {
            let Some(ticket) = self.queue.pop() else { break };
            self.send(now, ticket);
            woken.push(ticket);
        }
        woken
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many may be in flight at once, as far as is known.
    pub fn at_once(&self) -> u32 {
        self.window.size()
    }

    /// Whether nobody waits and nothing is in flight.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty()
    }

    /// Whether one more call could go now, were nobody waiting.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.opens().is_some_and(|opens| opens <= now)
    }

    /// Before when no further call goes; `None` when an answer must come first.
    pub fn opens(&self) -> Option<Timestamp> {
        if !self.window.has_room(self.in_flight.len()) {
            return None;
        }
        let gate = match self.gate {
            Gate::Open => Timestamp::default(),
            Gate::Shut { until } => until,
            Gate::Probing { .. } => return None,
        };
        let quota = self.quota.as_ref().map_or(Timestamp::default(), Quota::opens);
        Some(gate.max(quota).max(self.pace.opens()))
    }

    fn send(&mut self, now: Timestamp, ticket: Ticket) {
        if matches!(self.gate, Gate::Shut { .. }) {
            self.gate = Gate::Probing { probe: ticket };
        }
        self.pace.sent(now);
        if let Some(quota) = &mut self.quota {
            quota.sent(now);
        }
        self.in_flight.insert(ticket, Flight { epoch: self.epoch, state: FlightState::Sent });
    }

    fn limited(&mut self, now: Timestamp, flight: Flight, in_flight: usize, wait: Option<Duration>) {
        let fresh = flight.epoch == self.epoch;
        if fresh {
            self.window.limited(in_flight);
            self.pace.limited(now, wait);
            self.limited_in_a_row = self.limited_in_a_row.saturating_add(1);
        }
        if fresh || wait.is_some() {
            self.shut(now.after(self.pause(wait)));
        }
    }

    /// The pause after so many 429s: what the provider asks for, and never less than one that doubles.
    fn pause(&self, wait: Option<Duration>) -> Duration {
        let first = if wait.is_some() { PAUSE_HINTED } else { PAUSE };
        let doubled = first.saturating_mul(1 << self.limited_in_a_row.saturating_sub(1).min(16));
        wait.unwrap_or_default().min(HINT_MAX).max(doubled.min(PAUSE_MAX))
    }

    fn shut(&mut self, until: Timestamp) {
        let until = match self.gate {
            Gate::Shut { until: before } => before.max(until),
            Gate::Open | Gate::Probing { .. } => until,
        };
        self.gate = Gate::Shut { until };
        self.epoch += 1;
    }

    /// A probe that ended without an answer about the rate leaves the next one to probe.
    fn unprobe(&mut self, now: Timestamp, ticket: Ticket) {
        if self.gate == (Gate::Probing { probe: ticket }) {
            self.gate = Gate::Shut { until: now };
        }
    }
}
