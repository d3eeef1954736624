//! Stays with a running program until it has ended: by itself, out of time, or as it was told.
//!
//! ```text
//!  runs ── time-out, cancel(stop) ──> told to terminate ── 1 s ──> killed
//!    ├──── cancel(interrupt) ───────> interrupted ───────  10 s ──> killed
//!    └──── cancel(kill), abandon ───────────────────────────────> killed
//! ```
//! A harder order shortens what is left; nothing lengthens it.

use std::time::Duration;

use mainspring_api::{run::Level, worker::Order};
use mainspring_sandbox::{Child, Exit, Signal};
use tokio::time::{Instant, sleep_until};

use crate::execute::Control;

/// How long a program that was told to terminate may take.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// How long a program that was interrupted may take.
const INTERRUPT_GRACE: Duration = Duration::from_secs(10);

/// Why a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// Of itself.
    Itself,
    /// It ran out of time.
    Time,
    /// An order said so.
    Order,
}

/// Whether a program ended when it was asked, or had to be killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    Willing,
    Killed,
}

/// The end of a program.
pub(super) struct Ended {
    pub(super) exit: Exit,
    pub(super) cause: Cause,
    pub(super) manner: Manner,
}

/// Waits for the end of `child`, and brings it about when `limit` has passed or an order says so.
pub(super) async fn follow(child: &mut Child, limit: Duration, control: &mut Control) -> Ended {
    let mut cause = Cause::Itself;
    // The end of the time limit, until something else ends the program: then the moment it is killed.
    let mut deadline = Instant::now() + limit;
    // While it is held: the time it will have when it goes on.
    let mut left = None;
    loop {
        tokio::select! {
            exit = child.wait() => return Ended { exit, cause, manner: Manner::Willing },
            order = control.order() => match harshness(order) {
                Harshness::Hold => left = left.or_else(|| Some(deadline - Instant::now())),
                Harshness::GoOn => deadline = left.take().map_or(deadline, |left| Instant::now() + left),
                Harshness::Ask { signal, grace } => {
                    // What is told to end while it is held is no longer held.
                    left = None;
                    cause = Cause::Order;
                    deadline = deadline.min(Instant::now() + grace);
                    child.signal(signal);
                }
                Harshness::Kill => return kill(child, Cause::Order).await,
            },
            () = sleep_until(deadline), if left.is_none() => match cause {
                Cause::Itself => {
                    cause = Cause::Time;
                    deadline = Instant::now() + STOP_GRACE;
                    child.signal(Signal::Terminate);
                }
                Cause::Time | Cause::Order => return kill(child, cause).await,
            },
        }
    }
}

/// What an order means for a program.
enum Harshness {
    /// Its time stands still.
    Hold,
    /// Its time goes on.
    GoOn,
    /// It is asked to end, and may take so long.
    Ask { signal: Signal, grace: Duration },
    /// It is not asked.
    Kill,
}

fn harshness(order: Order) -> Harshness {
    match order {
        Order::Hold => Harshness::Hold,
        Order::Continue => Harshness::GoOn,
        Order::Cancel(Level::Interrupt) => {
            Harshness::Ask { signal: Signal::Interrupt, grace: INTERRUPT_GRACE }
        }
        Order::Cancel(Level::Stop) => Harshness::Ask { signal: Signal::Terminate, grace: STOP_GRACE },
        Order::Cancel(Level::Kill) | Order::Abandon => Harshness::Kill,
    }
}

async fn kill(child: &mut Child, cause: Cause) -> Ended {
    Ended { exit: child.kill().await, cause, manner: Manner::Killed }
}
