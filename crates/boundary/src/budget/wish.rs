//! What a call would use at most, what it holds, and what it came to.

use super::Meter;
use crate::{
    Usage,
    price::{NanoUsd, Price},
};

/// What is reserved for an answer whose maximum the request does not say.
pub const OUTPUT_UNSAID: u64 = 4096;

/// An answer that must be shorter than this is not asked for, unless the request itself wants a shorter one.
pub const OUTPUT_LEAST: u64 = 16;

/// What a call asks of a budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    /// Tokens sent, at most.
    pub input_bound: u64,
    /// The output maximum of the request, when it says one; `Some(0)` for a call that generates nothing.
    pub output_wanted: Option<u64>,
    /// A clamp below this is of no use: the provider would refuse the request, or a shorter one was spent in vain.
    pub output_least: u64,
    /// What the tokens cost.
    pub price: Price,
}

impl Wish {
    pub(super) fn output(self) -> u64 {
        self.output_wanted.unwrap_or(OUTPUT_UNSAID)
    }

    /// The same call after an answer that a clamp cut short: the next one has at least twice the room.
    #[must_use]
    pub fn after_clamp(self, output_max: u64) -> Self {
        Self { output_least: self.output_least.max(output_max.saturating_mul(2)), ..self }
    }

    pub(super) fn least(self) -> Hold {
        self.hold(self.output().min(OUTPUT_LEAST.max(self.output_least)))
    }

    /// How long an answer what is free affords; `None` when its length does not matter to the meter.
    pub(super) fn affords(self, meter: Meter, free: u64) -> Option<u64> {
        let left = free.saturating_sub(self.hold(0).of(meter));
        match meter {
            Meter::Tokens => Some(left),
            Meter::Cost => left.checked_div(self.price.output),
            Meter::Calls => None,
        }
    }

    pub(super) fn hold(self, output: u64) -> Hold {
        let input = self.input_bound.saturating_mul(self.price.dearest_input());
        let answer = output.saturating_mul(self.price.output);
        Hold {
            tokens: self.input_bound.saturating_add(output),
            cost: NanoUsd(input.saturating_add(answer)),
            calls: 1,
        }
    }
}

/// The upper bound of a call, taken from every account until it settles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Tokens, both ways.
    pub tokens: u64,
    /// Money.
    pub cost: NanoUsd,
    /// Calls.
    pub calls: u64,
}

impl Hold {
    /// The amount under a meter, in its unit.
    pub const fn of(self, meter: Meter) -> u64 {
        match meter {
            Meter::Tokens => self.tokens,
            Meter::Cost => self.cost.0,
            Meter::Calls => self.calls,
        }
    }
}

/// What a call came to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Spent {
    /// Tokens, both ways.
    pub tokens: u64,
    /// Money.
    pub cost: NanoUsd,
    /// One, or none for a call that was never sent.
    pub calls: u64,
}

impl Spent {
    /// Nothing: the call was not sent after all, and its hold returns whole.
    pub const NOTHING: Self = Self { tokens: 0, cost: NanoUsd(0), calls: 0 };

    /// One call that was sent, whatever it brought.
    pub const fn by_call(usage: Usage, cost: NanoUsd) -> Self {
        Self { tokens: usage.total(), cost, calls: 1 }
    }

    /// The amount under a meter, in its unit.
    pub const fn of(self, meter: Meter) -> u64 {
        match meter {
            Meter::Tokens => self.tokens,
            Meter::Cost => self.cost.0,
            Meter::Calls => self.calls,
        }
    }
}
