//! How many calls may go in a stretch of time: a spacing that is learned, and a number a minute that is set.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

use mainspring_types::Timestamp;

const MINUTE: Duration = Duration::from_mins(1);

/// The longest learned spacing.
const GAP_MAX: Duration = Duration::from_mins(1);

/// The longest wait that a rate of so many a minute asks for.
const WAIT_MAX: Duration = MINUTE;

/// A learned spacing shorter than this is none.
const GAP_MIN: Duration = Duration::from_millis(1);

/// The spacing learned from 429s.
///
/// One that is far too short, as in the beginning, becomes what the provider took since the last 429 spread over the
/// time since and the wait that it asks for; one that is nearly right grows by a quarter. Each accepted call shortens it by a 50th, so that a
/// provider's true rate is met again after eleven, and passed by little. A provider that never says 429 is never
/// spaced. Calls in flight count as taken: a guess that is too fast costs one more 429, while one that is too slow
/// would take many calls to be noticed.
#[derive(Default, Debug)]
pub(super) struct Pace {
    gap: Duration,
    next: Timestamp,
    /// Since when `sent` counts: the last 429, or the last time that the account was idle.
    since: Timestamp,
    sent: u32,
}

impl Pace {
    /// When the next call may go.
    pub(super) const fn opens(&self) -> Timestamp {
        self.next
    }

    /// Idle time says nothing about a provider's rate: counting begins anew.
    pub(super) fn resumed(&mut self, now: Timestamp) {
        (self.since, self.sent) = (now, 0);
    }

    pub(super) fn sent(&mut self, now: Timestamp) {
        self.sent = self.sent.saturating_add(1);
        self.next = now.after(self.gap);
    }

    pub(super) fn accepted(&mut self) {
        self.gap = self.gap * 49 / 50;
        if self.gap < GAP_MIN {
            self.gap = Duration::ZERO;
        }
    }

    /// A call was refused. What got through has to last for the wait that the provider asks for as well.
    pub(super) fn limited(&mut self, now: Timestamp, wait: Option<Duration>) {
        // A longer wait tells of a quota of hours, which is used up and says nothing about how fast.
        let wait = wait.filter(|wait| *wait <= WAIT_MAX).unwrap_or_default();
        let taken = self.sent.saturating_sub(1);
        let gap = match (now.since(self.since) + wait).checked_div(taken) {
            Some(between) if self.gap * 2 < between => between,
            Some(_) => self.gap * 5 / 4,
            None => self.gap * 2,
        };
        self.gap = gap.min(GAP_MAX);
        self.next = now.after(self.gap);
        self.resumed(now.after(wait));
    }
}

/// At most so many calls in any minute, however they are spread over it.
#[derive(Debug)]
pub(super) struct Quota {
    calls: NonZeroU32,
    /// When the last of them went, oldest first; never more than `calls`.
    sent: VecDeque<Timestamp>,
}

impl Quota {
    pub(super) fn new(calls: NonZeroU32) -> Self {
        Self { calls, sent: VecDeque::new() }
    }

    /// When the next call may go.
    pub(super) fn opens(&self) -> Timestamp {
        match self.sent.front() {
            Some(oldest) if self.sent.len() >= self.calls.get() as usize => oldest.after(MINUTE),
            _ => Timestamp::default(),
        }
    }

    pub(super) fn sent(&mut self, now: Timestamp) {
        if self.sent.len() >= self.calls.get() as usize {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_spacing_is_learned_from_what_got_through_and_fades() {
        let mut pace = Pace::default();
        (0..5).for_each(|_| pace.sent(at(0)));
        assert_eq!(pace.opens(), at(0), "nothing is known yet");
        pace.limited(at(4_000), None);
        assert_eq!(pace.gap, Duration::from_secs(1), "four in four seconds");
        (0..3).for_each(|_| pace.sent(at(5_000)));
        pace.limited(at(6_000), None);
        assert_eq!(pace.gap, Duration::from_millis(1_250), "two in two seconds: nearly right");
        pace.limited(at(7_000), None);
        assert_eq!(pace.gap, Duration::from_millis(2_500), "none in between");
        (0..400).for_each(|_| pace.accepted());
        assert_eq!(pace.gap, Duration::ZERO);
    }

    #[test]
    fn what_got_through_has_to_last_for_the_wait_too() {
        let mut pace = Pace::default();
        (0..61).for_each(|_| pace.sent(at(0)));
        pace.limited(at(6_000), Some(Duration::from_secs(54)));
        assert_eq!(pace.gap, Duration::from_secs(1), "sixty a minute");
        (0..41).for_each(|_| pace.sent(at(60_000)));
        pace.limited(at(100_000), Some(Duration::from_secs(20)));
        assert_eq!(pace.gap, Duration::from_millis(1_250), "the wait is not counted twice");
        let mut pace = Pace::default();
        (0..61).for_each(|_| pace.sent(at(0)));
        pace.limited(at(6_000), Some(Duration::from_hours(5)));
        assert_eq!(pace.gap, Duration::from_millis(100), "a quota of the day is no rate");
    }

    #[test]
    fn a_minute_never_holds_more_than_it_is_set_to() {
        let mut quota = Quota::new(NonZeroU32::new(2).expect("two"));
        quota.sent(at(0));
        quota.sent(at(59_000));
        assert_eq!(quota.opens(), at(60_000));
        quota.sent(at(60_000));
        assert_eq!(quota.opens(), at(119_000));
    }
}
