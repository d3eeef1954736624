//! Waiting for a turn: a thin shell around one [`Limiter`] per account, on tokio's clock.
//!
//! Cancel safe: a waiter that is dropped leaves the queue, and a permit that is dropped is given back.

mod line;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mainspring_types::{TenantId, Timestamp};

use self::line::{Clock, Line};
use super::{Account, Outcome, Ticket};

/// Models are named by agents, so their number has no bound: beyond this, accounts that rest are forgotten.
const ACCOUNTS_MAX: usize = 512;

/// The limiters of every account.
#[derive(Debug)]
pub struct Governor {
    clock: Clock,
    lines: Mutex<HashMap<Account, Arc<Line>>>,
}

/// Why a call does not go at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy {
    /// Before when no further call goes; `None` when that depends on calls in flight.
    pub until: Option<Timestamp>,
    /// How many wait already.
    pub ahead: usize,
}

/// The right to send one call. Dropped without an outcome, it is given back.
#[must_use = "a permit that is dropped is given back"]
pub struct Permit {
    line: Arc<Line>,
    ticket: Ticket,
}

impl Governor {
    /// Knows nothing yet. Its time is tokio's, beginning at the machine's now.
    pub fn new() -> Self {
        Self { clock: Clock::start(), lines: Mutex::default() }
    }

    /// Waits for a turn. `waits` is called once, before waiting, when there is none at once.
    pub async fn permit(&self, account: &Account, tenant: &TenantId, waits: impl FnOnce(Busy)) -> Permit {
        let line = self.line(account);
        let (permit, turn) = Line::ask(&line, tenant);
        let Some((busy, turn)) = turn else { return permit };
        waits(busy);
        // The sender lives in the line for as long as the ticket waits, and the permit keeps both.
        let _ = turn.await;
        permit
    }

    /// A permit if one is to be had at once.
    pub fn try_permit(&self, account: &Account, tenant: &TenantId) -> Result<Permit, Busy> {
        Line::try_ask(&self.line(account), tenant)
    }

    fn line(&self, account: &Account) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(account) {
            return Arc::clone(line);
        }
        if lines.len() >= ACCOUNTS_MAX {
            // A minute's calls must not be forgotten; and such accounts are as few as providers.
            lines.retain(|account, line| account.calls_per_minute().is_some() || !line.rests());
        }
        let line = Arc::new(Line::new(self.clock, account.calls_per_minute()));
        lines.insert(account.clone(), Arc::clone(&line));
        line
    }
}

impl Default for Governor {
    fn default() -> Self {
        Self::new()
    }
}

impl Permit {
    /// The provider took the call, and its answer begins: others need not wait for its end to learn so.
    pub fn accepted(&self, exhausted: Option<Duration>) {
        self.line.change(|limiter, now| limiter.accepted(now, self.ticket, exhausted));
    }

    /// The call has ended.
    pub fn answered(self, outcome: Outcome) {
        self.line.change(|limiter, now| limiter.answered(now, self.ticket, outcome));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.line.leave(self.ticket);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.ticket).finish()
    }
}
