//! The seam between the worker and what does the work: an executor is given a task and a [`Control`], and says how it
//! ended.
//!
//! ```text
//!            task, control                     order: cancel(level), abandon
//!  worker ------------------> executor   worker ----------------------------> executor
//!         <------------------                   <----------------------------
//!               outcome                              notes, never waited for
//! ```

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainspring_api::{
    run::Level,
    worker::{End, Note, Order, Progress, Task, Ticket, Used},
};
use tokio::{sync::watch, time::sleep};

use crate::{link::Link, notes::NoteSender};

/// How long an attempt of a worker that leaves may take to end and to be reported.
pub(crate) const FAREWELL_MAX: Duration = Duration::from_secs(5);

/// Does the work of attempts: with processes in the product, in process in benchmarks and tests.
pub trait Execute: Send + Sync + 'static {
    /// Works on `task` until it is done, could not be done, or an order of `control` ended it.
    ///
    /// Nothing of the attempt is left running once the future is ready. What is said about an abandoned attempt is
    /// not passed on.
    fn execute(&self, task: Task, control: Control) -> Execution<'_>;

    /// Whether what it runs is seen by the world while it runs, and makes calls: then nothing starts before its claim
    /// is durable. What only benchmarks the engine does not.
    fn calls_out(&self) -> bool {
        true
    }
}

/// The work on one attempt.
pub type Execution<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// How an attempt ended and what it used.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What it used.
    pub used: Used,
}

impl Outcome {
    /// An end that used nothing worth telling.
    pub fn of(end: End) -> Self {
        Self { end, used: Used::default() }
    }
}

/// An executor's side of one attempt: what it is told and what it can tell.
pub struct Control {
    scribe: Scribe,
    orders: Orders,
    link: Link,
}

impl Control {
    pub(crate) fn new(scribe: Scribe, orders: Orders, link: Link) -> Self {
        Self { scribe, orders, link }
    }

    /// The line to the broker of the attempt's tool calls.
    pub(crate) fn link(&self) -> Link {
        self.link.clone()
    }

    /// Waits until nothing more that the attempt says can count: it was abandoned, or its worker has been leaving for
    /// longer than it may.
    pub(crate) fn given_up(&self) -> impl Future<Output = ()> + Send + use<> {
        self.orders.clone().given_up()
    }

    /// Whether the attempt ends for no other reason than that its worker leaves: another goes on where it stood.
    pub(crate) fn is_leaving(&self) -> bool {
        self.orders.is_leaving() && !matches!(*self.orders.plane.borrow(), Order::Cancel(_))
    }

    /// Notes something about the attempt.
    pub fn progress(&self, note: Note) {
        self.scribe.note(note);
    }

    /// What notes things about the attempt, for tasks beside the one that follows the orders.
    pub fn scribe(&self) -> Scribe {
        self.scribe.clone()
    }

    /// The next order other than to go on: each is told once, a harder one after a softer one.
    ///
    /// Safe to drop while it waits.
    pub async fn order(&mut self) -> Order {
        self.orders.next().await
    }
}

/// Notes things about one attempt.
#[derive(Clone, Debug)]
pub struct Scribe {
    subject: Arc<Subject>,
    notes: NoteSender,
}

impl Scribe {
    pub(crate) fn new(subject: Arc<Subject>, notes: NoteSender) -> Self {
        Self { subject, notes }
    }

    /// Notes something; it is sent with others, and lost when the control plane does not keep up.
    pub fn note(&self, note: Note) {
        self.subject.noted.store(true, Ordering::Relaxed);
        self.notes.send(Progress { ticket: self.subject.ticket.clone(), note });
    }
}

/// The attempt that everything here is about.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) ticket: Ticket,
    noted: AtomicBool,
}

impl Subject {
    pub(crate) fn new(ticket: Ticket) -> Self {
        Self { ticket, noted: AtomicBool::new(false) }
    }

    /// Whether something was noted about it.
    pub(crate) fn was_noted(&self) -> bool {
        self.noted.load(Ordering::Relaxed)
    }
}

/// Orders as they come: from the control plane about this attempt, and from the worker when it leaves.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) plane: watch::Receiver<Order>,
    pub(crate) leaving: watch::Receiver<Leaving>,
}

/// Whether the worker is on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leaving {
    No,
    Yes,
}

impl Orders {
    pub(crate) fn is_abandoned(&self) -> bool {
        *self.plane.borrow() == Order::Abandon
    }

    pub(crate) fn is_leaving(&self) -> bool {
        *self.leaving.borrow() == Leaving::Yes
    }

    async fn given_up(mut self) {
        // A side that is closed says nothing any more.
        let abandoned = async {
            if self.plane.wait_for(|order| *order == Order::Abandon).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let left = async {
            let leaves = self.leaving.wait_for(|leaving| *leaving == Leaving::Yes).await.is_ok();
            if leaves { sleep(FAREWELL_MAX).await } else { std::future::pending().await }
        };
        tokio::select! {
            () = abandoned => {}
            () = left => {}
        }
    }

    async fn next(&mut self) -> Order {
        // A closed side has nothing more to say; the other may have.
        tokio::select! {
            Ok(()) = self.plane.changed() => *self.plane.borrow_and_update(),
            Ok(()) = self.leaving.changed() => Order::Cancel(Level::Stop),
            else => std::future::pending().await,
        }
    }
}
