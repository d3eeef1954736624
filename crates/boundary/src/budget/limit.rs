//! What is limited, for whom, over which time, and what follows; and the account kept under a limit.

use std::time::Duration;

use mainspring_types::{AgentName, RunId, Timestamp, words};

use crate::price::NanoUsd;

/// Whose calls a limit covers, within one tenant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Every call of the tenant.
    Tenant,
    /// The calls of one agent, in all its runs.
    Agent(AgentName),
    /// The calls of one run.
    Run(RunId),
}

words! {
    /// What is counted.
    #[derive(Default)]
    Meter:
    /// Tokens of every kind.
    #[default]
    Tokens = "tokens",
    /// Money, in billionths of a dollar.
    Cost = "cost",
    /// Calls sent to a provider, each try for itself.
    Calls = "calls",
}

words! {
    /// The time over which a limit counts.
    #[derive(Default)]
    Window:
    /// From the beginning to the end.
    #[default]
    Total = "total",
    /// Every hour of UTC for itself.
    Hour = "hour",
    /// Every day of UTC for itself.
    Day = "day",
}

words! {
    /// What becomes of a run at its limit, from soft to hard.
    #[derive(Default)]
    Policy:
    /// Calls slow down from 90 % on, and at the limit they wait.
    Throttle = "throttle",
    /// The run is parked until the window ends or the limit is raised.
    #[default]
    Suspend = "suspend",
    /// The run ends.
    Terminate = "terminate",
}

impl Meter {
    /// An amount in the meter's unit, for people: `812 tokens`, `$1.5000`, `1 call`.
    pub fn words(self, amount: u64) -> String {
        match (self, amount) {
            (Self::Cost, amount) => NanoUsd(amount).to_string(),
            (Self::Tokens, 1) => "1 token".into(),
            (Self::Calls, 1) => "1 call".into(),
            (Self::Tokens | Self::Calls, amount) => format!("{amount} {self}"),
        }
    }
}

impl Window {
    /// When the window that holds `now` began; the total's begins at the epoch.
    pub fn start(self, now: Timestamp) -> Timestamp {
        let begun = self.length_ms().map_or(0, |length| now.as_millis().div_euclid(length) * length);
        Timestamp::from_millis(begun)
    }

    /// When the window that holds `now` ends, and the next one begins; the total never does.
    pub fn ends(self, now: Timestamp) -> Option<Timestamp> {
        let length = Duration::from_millis(self.length_ms()?.unsigned_abs());
        Some(self.start(now).after(length))
    }

    const fn length_ms(self) -> Option<i64> {
        match self {
            Self::Total => None,
            Self::Hour => Some(3_600_000),
            Self::Day => Some(86_400_000),
        }
    }
}

/// A bound on what a scope may use.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Limit {
    /// Whose calls.
    pub scope: Scope,
    /// What of them.
    pub meter: Meter,
    /// Over which time.
    pub window: Window,
    /// How much at most, in the meter's unit.
    pub max: u64,
    /// What follows at the limit.
    pub policy: Policy,
}

impl Limit {
    /// What may be used without a warning: 90 %.
    pub const fn warns_over(&self) -> u64 {
        self.max - self.max.div_ceil(10)
    }
}

/// What is used under one limit in one window.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Account {
    /// What calls came to that have ended.
    pub settled: u64,
    /// The upper bounds of calls under way, and of those whose end is unknown.
    pub held: u64,
}

impl Account {
    /// Settled and held.
    pub const fn used(self) -> u64 {
        self.settled.saturating_add(self.held)
    }

    /// What is left under the limit.
    pub const fn free(self, limit: &Limit) -> u64 {
        limit.max.saturating_sub(self.used())
    }

    /// With so much more held.
    #[must_use]
    pub const fn holding(self, amount: u64) -> Self {
        Self { held: self.held.saturating_add(amount), ..self }
    }

    /// With a hold given back and what it came to settled.
    #[must_use]
    pub const fn settling(self, held: u64, spent: u64) -> Self {
        Self { settled: self.settled.saturating_add(spent), held: self.held.saturating_sub(held) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().expect("a moment");
        Timestamp::from_millis(moment.as_millisecond())
    }

    #[test]
    fn windows_begin_at_full_hours_and_days_of_utc() {
        let now = at("2026-03-01T23:59:59.999Z");
        assert_eq!(Window::Hour.start(now), at("2026-03-01T23:00:00Z"));
        assert_eq!(Window::Hour.ends(now), Some(at("2026-03-02T00:00:00Z")));
        assert_eq!(Window::Day.start(now), at("2026-03-01T00:00:00Z"));
        assert_eq!(Window::Day.ends(now), Some(at("2026-03-02T00:00:00Z")));
        assert_eq!(Window::Total.ends(now), None);
        assert_eq!(Window::Day.start(at("2026-03-02T00:00:00Z")), at("2026-03-02T00:00:00Z"));
    }

    #[test]
    fn words_read_back_and_the_default_suspends() {
        for &meter in Meter::ALL {
            assert_eq!(Meter::from_word(meter.as_str()), Some(meter));
        }
        assert_eq!(
            Meter::ALL.iter().map(|meter| meter.words(1)).collect::<Vec<_>>(),
            ["1 token", "$0.000000001", "1 call"]
        );
        assert_eq!(Policy::from_word("kill"), None);
        assert_eq!(Policy::default(), Policy::Suspend);
    }
}
