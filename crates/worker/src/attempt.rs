//! One attempt from the moment it was claimed to the receipt of its report.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use mainspring_api::worker::{Call, End, Order, Receipt, Report, Task};
use mainspring_types::{Code, Problem};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

use crate::{
    execute::{Control, Execute, FAREWELL_MAX, Leaving, Orders, Outcome, Scribe, Subject},
    heartbeat::Birth,
    link::{Backoff, Link},
    notes::NoteSender,
    slot::Slot,
};

/// What the attempts of one worker share.
pub(crate) struct Crew {
    pub(crate) link: Link,
    pub(crate) executor: Arc<dyn Execute>,
    pub(crate) notes: NoteSender,
    pub(crate) births: mpsc::UnboundedSender<Birth>,
    /// Never read itself, only cloned: a clone sees what was sent before it was made.
    pub(crate) leaving: watch::Receiver<Leaving>,
}

impl Crew {
    /// Works on `task` and reports how it ended.
    pub(crate) async fn attend(&self, task: Task, slot: Option<Arc<Slot>>) {
        let subject = Arc::new(Subject::new(task.ticket.clone()));
        let (sender, plane) = watch::channel(Order::Continue);
        let orders = Orders { plane, leaving: self.leaving.clone() };
        let birth = Birth {
            subject: Arc::clone(&subject),
            born: Instant::now(),
            orders: sender,
            slot: slot.as_ref().map(Arc::downgrade).unwrap_or_default(),
        };
        self.births.send(birth).expect("the heartbeats outlive the attempts");

        let scribe = Scribe::new(Arc::clone(&subject), self.notes.clone());
        let control = Control::new(scribe, orders.clone(), self.link.clone());
        // A bug in one attempt must not leave it live for ever: it fails, and says that it is ours.
        let work = async { self.executor.execute(task, control).await };
        let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| panicked());
        if subject.was_noted() {
            self.notes.settle().await;
        }
        self.report(&subject, outcome, &orders).await;
        drop(slot);
    }

    /// Reports until the control plane has it, or says that the attempt no longer counts.
    async fn report(&self, subject: &Subject, outcome: Outcome, orders: &Orders) {
        let Outcome { end, used } = outcome;
        let report = Call::Report(Box::new(Report { ticket: subject.ticket.clone(), end, used }));
        let mut backoff = Backoff::new();
        let mut farewell: Option<Instant> = None;
        while !orders.is_abandoned() {
            match self.link.report(&report).await {
                Ok(Receipt::Recorded | Receipt::Abandon) => return,
                Err(problem) => {
                    tracing::warn!(%problem, run = %subject.ticket.run, step = %subject.ticket.step, "a report did not arrive");
                }
            }
            if orders.is_leaving() && farewell.get_or_insert_with(Instant::now).elapsed() > FAREWELL_MAX {
                return;
            }
            sleep(backoff.next()).await;
        }
    }
}

fn panicked() -> Outcome {
    let problem = Problem::new(Code::Internal, "the worker failed in a way it did not foresee")
        .suggest("see the server's log, and report this as a fault of mainspring");
    Outcome::of(End::Failed { retryable: false, problem })
}
