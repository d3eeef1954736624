//! What Ctrl-C means: each time more than the time before.

use std::time::{Duration, Instant};

use mainspring_api::run::Level;

/// Within this time a second Ctrl-C at rest is meant to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);

/// What a Ctrl-C means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Meaning {
    /// End the run, so hard. After a kill there is nothing to wait for.
    Cancel(Level),
    /// Nothing yet: one more leaves.
    Warn,
    /// Leave.
    Leave,
}

/// How often Ctrl-C was pressed, and for what.
pub(crate) struct Interrupts {
    levels: &'static [Level],
    pressed: usize,
    rested: Option<Instant>,
}

impl Interrupts {
    /// Of a model agent, which can be interrupted before it is stopped.
    pub(crate) const fn of_talk() -> Self {
        Self { levels: &[Level::Interrupt, Level::Stop, Level::Kill], pressed: 0, rested: None }
    }

    /// Of any other agent.
    pub(crate) const fn of_steps() -> Self {
        Self { levels: &[Level::Stop, Level::Kill], pressed: 0, rested: None }
    }

    /// Something new is done: nothing of it was interrupted.
    pub(crate) fn reset(&mut self) {
        self.pressed = 0;
    }

    /// Ctrl-C while the agent works.
    pub(crate) fn press(&mut self) -> Meaning {
        let level = self.levels.get(self.pressed).copied().unwrap_or(Level::Kill);
        self.pressed += 1;
        Meaning::Cancel(level)
    }

    /// Ctrl-C while nothing is done.
    pub(crate) fn press_at_rest(&mut self, now: Instant) -> Meaning {
        let before = self.rested.replace(now);
        match before {
            Some(before) if now.duration_since(before) <= LEAVE_WITHIN => Meaning::Leave,
            _ => Meaning::Warn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_press_means_more() {
        let mut talk = Interrupts::of_talk();
        let meant: Vec<Meaning> = (0..4).map(|_| talk.press()).collect();
        assert_eq!(meant, [Level::Interrupt, Level::Stop, Level::Kill, Level::Kill].map(Meaning::Cancel));
        talk.reset();
        assert_eq!(talk.press(), Meaning::Cancel(Level::Interrupt));
        assert_eq!(Interrupts::of_steps().press(), Meaning::Cancel(Level::Stop));
    }

    #[test]
    fn at_rest_the_second_within_three_seconds_leaves() {
        let (mut talk, now) = (Interrupts::of_talk(), Instant::now());
        assert_eq!(talk.press_at_rest(now), Meaning::Warn);
        assert_eq!(talk.press_at_rest(now + Duration::from_secs(4)), Meaning::Warn);
        assert_eq!(talk.press_at_rest(now + Duration::from_secs(6)), Meaning::Leave);
    }
}
