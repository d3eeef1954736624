//! How long a turn may still take. Time in which it waits for a budget or a quota does not count.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The time of one turn.
pub(super) struct Clock {
    deadline: Instant,
    held_since: Option<Instant>,
}

impl Clock {
    /// Begins to count.
    pub(super) fn begin(limit: Duration) -> Self {
        Self { deadline: Instant::now() + limit, held_since: None }
    }

    /// A call is held open: the time stands still.
    pub(super) fn hold(&mut self) {
        self.held_since.get_or_insert_with(Instant::now);
    }

    /// It goes on.
    pub(super) fn go_on(&mut self) {
        if let Some(since) = self.held_since.take() {
            self.deadline += since.elapsed();
        }
    }

    /// Waits until the time is over.
    pub(super) async fn over(&self) {
        match self.held_since {
            Some(_) => std::future::pending().await,
            None => sleep_until(self.deadline).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_stands_still_while_a_call_is_held() {
        let begun = Instant::now();
        let mut clock = Clock::begin(Duration::from_secs(10));
        clock.hold();
        tokio::time::advance(Duration::from_hours(1)).await;
        clock.go_on();
        clock.over().await;
        assert_eq!(begun.elapsed(), Duration::from_secs(3_610));
    }
}
