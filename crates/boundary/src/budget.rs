//! Whether a call may be afforded: a pure decision over limits and what is already spent under them.
//!
//! A call reserves its upper bound before it is sent and settles what it came to. Promised: a granted call that stays
//! within its hold never takes a limit beyond its maximum, however many ask at once, if each grant is written in the
//! transaction that read the accounts. The rules: an output maximum that was not said reserves [`OUTPUT_UNSAID`]; a
//! clamp is inserted only when less remains than is wanted; nobody is sent on with fewer than [`OUTPUT_LEAST`] tokens to
//! answer in. Not promised: an answer may outgrow what was reserved for an unsaid maximum, since the request goes out
//! unchanged; the excess is settled, and the next call is refused for it. Left to others: storing accounts, one for each
//! limit and window, and waiting.

mod limit;
mod rule;
mod wish;

#[cfg(test)]
mod laws;

use std::{cmp::Reverse, time::Duration};

use mainspring_types::Timestamp;

pub use limit::{Account, Limit, Meter, Policy, Scope, Window};
pub use rule::{Rule, Whom, limits};
pub use wish::{Hold, OUTPUT_LEAST, OUTPUT_UNSAID, Spent, Wish};

/// The longest a throttled call is slowed: reached as the limit is.
pub const SLOW_MAX: Duration = Duration::from_secs(30);

/// What a budget says to a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The call may go, and so much is held for it under every limit.
    Granted {
        /// The output maximum to put into the request; `None` sends it as it is.
        output_max: Option<u64>,
        /// What to add to `held` of every account.
        hold: Hold,
        /// The limits that this hold takes over 90 %.
        warnings: Vec<Limit>,
        /// How long to wait before sending, where a limit throttles.
        slow_by: Option<Duration>,
    },
    /// The call may not go.
    Refused {
        /// The limit that stands in the way; of several the hardest, then the one that lasts longest.
        limit: Limit,
        /// When its window ends; `None` when waiting cannot help and the limit must be raised.
        until: Option<Timestamp>,
        /// What must be free under the limit, in the meter's unit, for the call to go.
        needs: u64,
    },
}

/// Decides on a call under every limit that covers it. Accounts are those of the windows that hold `now`.
pub fn reserve(limits: &[(Limit, Account)], wish: Wish, now: Timestamp) -> Verdict {
    if let Some(refused) = refusal(limits, wish, now) {
        return refused;
    }
    let wanted = wish.output();
    let affordable =
        limits.iter().filter_map(|(limit, account)| wish.affords(limit.meter, account.free(limit))).min();
    let output_max = affordable.filter(|most| *most < wanted);
    let hold = wish.hold(output_max.unwrap_or(wanted));
    let after = |limit: &Limit, account: &Account| account.holding(hold.of(limit.meter));
    Verdict::Granted {
        output_max,
        hold,
        warnings: crossed(limits.iter().map(|(limit, account)| (limit, *account, after(limit, account)))),
        slow_by: limits.iter().filter_map(|(limit, account)| slowed(limit, after(limit, account))).max(),
    }
}

/// Settles a call in the accounts it was held in, and returns the limits that it took over 90 % after all.
///
/// A hold belongs to the window in which it was taken, even when the call ends in the next one.
pub fn settle(limits: &mut [(Limit, Account)], hold: Hold, spent: Spent) -> Vec<Limit> {
    let before = limits.to_vec();
    for (limit, account) in limits.iter_mut() {
        *account = account.settling(hold.of(limit.meter), spent.of(limit.meter));
    }
    crossed(before.iter().zip(limits.iter()).map(|((limit, before), (_, after))| (limit, *before, *after)))
}

fn refusal(limits: &[(Limit, Account)], wish: Wish, now: Timestamp) -> Option<Verdict> {
    let least = wish.least();
    let (limit, until) = limits
        .iter()
        .filter(|(limit, account)| least.of(limit.meter) > account.free(limit))
        .map(|(limit, _)| (limit, relief(limit, least.of(limit.meter), now)))
        .min_by_key(|(limit, until)| (Reverse(limit.policy), until.map(Reverse)))?;
    Some(Verdict::Refused { limit: limit.clone(), until, needs: least.of(limit.meter) })
}

/// When the limit gives way by itself: never, for what does not fit into an empty window.
fn relief(limit: &Limit, needs: u64, now: Timestamp) -> Option<Timestamp> {
    limit.window.ends(now).filter(|_| needs <= limit.max)
}

fn crossed<'a>(changes: impl Iterator<Item = (&'a Limit, Account, Account)>) -> Vec<Limit> {
    changes
        .filter(|(limit, before, after)| {
            before.used() <= limit.warns_over() && after.used() > limit.warns_over()
        })
        .map(|(limit, ..)| limit.clone())
        .collect()
}

/// From nothing at 90 % to [`SLOW_MAX`] at the limit, in a straight line.
fn slowed(limit: &Limit, account: Account) -> Option<Duration> {
    let over = account.used().saturating_sub(limit.warns_over());
    if limit.policy != Policy::Throttle || over == 0 {
        return None;
    }
    let room = u128::from(limit.max - limit.warns_over()).max(1);
    let millis = SLOW_MAX.as_millis() * u128::from(over) / room;
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).min(SLOW_MAX))
}
