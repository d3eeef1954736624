//! Keeps the control plane informed of attempts that last, and brings its orders to them.
//!
//! An attempt that is over within [`GRACE`] never has a heartbeat: most steps are shorter than the round trip is worth.
//! From then on one long poll per attempt is open, so that an order arrives when it is given and not when it is asked
//! for. Attempts wait for their first heartbeat in the order of their birth, behind a single timer.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use mainspring_api::worker::{Heartbeat, Order};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    execute::Subject,
    link::{Backoff, Link},
    slot::Slot,
};

/// How long an attempt lives before its first heartbeat.
pub(crate) const GRACE: Duration = Duration::from_millis(100);
/// How long a heartbeat waits for an order.
const POLL: Duration = Duration::from_secs(5);
/// How soon an attempt that is being ended asks whether it is to end harder.
const ESCALATION: Duration = Duration::from_millis(200);

/// An attempt that began.
pub(crate) struct Birth {
    pub(crate) subject: Arc<Subject>,
    pub(crate) born: Instant,
    /// Closed, from the other side, when the attempt is over.
    pub(crate) orders: watch::Sender<Order>,
    /// What it has of the worker; nothing when it is beyond the worker's slots. Weak, since a birth waits here for its
    /// first heartbeat long after most attempts are over, and a slot is free when its attempt is.
    pub(crate) slot: Weak<Slot>,
}

impl Birth {
    /// Passes an order on when it is another than the last.
    fn hear(&self, order: Order) {
        match (order, self.slot.upgrade()) {
            (Order::Hold, Some(slot)) => slot.lend(),
            (Order::Continue, Some(slot)) => slot.take_back(),
            _ => {}
        }
        self.orders.send_if_modified(|last| std::mem::replace(last, order) != order);
    }
}

/// Starts the heartbeats of attempts that outlive their grace, until no more can be born.
pub(crate) async fn watch_over(mut births: mpsc::UnboundedReceiver<Birth>, link: Link) {
    while let Some(birth) = births.recv().await {
        if birth.born.elapsed() < GRACE {
            sleep_until(birth.born + GRACE).await;
        }
        if !birth.orders.is_closed() {
            tokio::spawn(follow(birth, link.clone()));
        }
    }
}

/// The heartbeats of one attempt, until it is over.
async fn follow(birth: Birth, link: Link) {
    tokio::select! {
        () = birth.orders.closed() => {}
        () = poll(&birth, &link) => {}
    }
}

/// Passes each new order on; returns once the attempt was abandoned.
async fn poll(birth: &Birth, link: &Link) {
    let mut backoff = Backoff::new();
    loop {
        let wait_ms = u64::try_from(POLL.as_millis()).expect("a few seconds");
        let held = *birth.orders.borrow() == Order::Hold;
        match link.heartbeat(Heartbeat { ticket: birth.subject.ticket.clone(), wait_ms, held }).await {
            Ok(order) => {
                backoff = Backoff::new();
                birth.hear(order);
                match order {
                    Order::Continue | Order::Hold => {}
                    Order::Cancel(_) => sleep(ESCALATION).await,
                    Order::Abandon => return,
                }
            }
            Err(problem) => {
                tracing::debug!(%problem, step = %birth.subject.ticket.step, "a heartbeat did not arrive");
                sleep(backoff.next()).await;
            }
        }
    }
}
