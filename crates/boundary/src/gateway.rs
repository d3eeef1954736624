//! The model gateway: agents' model calls in, providers' answers out, everything written down between.
//!
//! ```text
//!  agent ── TCP loopback or UNIX socket, the attempt's token as its key ──> asking ─> call ─> journal
//!                                                                                     │
//!      answer, flowing as it comes, its last frames once they are durable <── flight <── upstream
//! ```
//!
//! A flight belongs to the gateway and not to the connection that began it: when the agent dies, the answer is read to
//! its end and kept. What an agent is refused comes in the shape of the provider it believes it speaks to.

mod aloft;
mod answer;
mod attempt;
mod attempts;
mod call;
mod deliver;
mod flight;
mod fly;
mod head;
mod hold;
mod knock;
mod open;
mod read;
mod serve;
mod wait;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mainspring_store::{Blobs, Submit};
use mainspring_types::{EffectId, Problem};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{aloft::Aloft, attempts::Attempts, flight::Flight};
pub use self::{
    call::PROVIDER,
    hold::{Held, HeldFor},
    open::{Parting, Settings, limit},
};
use crate::{
    Pass, journal::Register, price::Prices, provider::Provider, quota::Governor, upstream::Upstream,
};

/// What the gateway tells of attempts, and asks about them.
pub trait Warden: Send + Sync + 'static {
    /// Requests of the attempt are held open, its process kept, for this reason; `None` when none is any more.
    fn hold(&self, pass: &Pass, held: Option<&Held>);
    /// What the attempt was told to do.
    fn order(&self, pass: &Pass) -> Order;
    /// The attempt's run is to end, for this reason.
    fn end(&self, pass: &Pass, problem: Problem);
}

/// What an attempt was told to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// To go on.
    GoOn,
    /// To end what it does, and to look only at what is recorded from then on: the journal begins nothing new.
    Interrupt,
    /// To end.
    End,
}

/// The gateway of one data folder. Clones share it.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

struct Shared {
    providers: Vec<(Provider, Upstream)>,
    prices: Prices,
    ledger: Register,
    governor: Governor,
    submit: Submit,
    blobs: Blobs,
    warden: Arc<dyn Warden>,
    retry_wait: Duration,
    attempts: Attempts,
    flights: Mutex<HashMap<EffectId, Arc<Flight>>>,
    /// What is sent belongs to the gateway: it is waited for at the end.
    flying: TaskTracker,
    /// What waits for another try is given up: nothing of it is under way.
    closing: CancellationToken,
    aloft: Aloft,
    /// A limit was raised, or a policy changed: what is held looks again.
    relief: Notify,
}

impl Shared {
    fn flight(&self, effect: EffectId) -> Option<Arc<Flight>> {
        self.flights().get(&effect).cloned()
    }

    fn flights(&self) -> std::sync::MutexGuard<'_, HashMap<EffectId, Arc<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
