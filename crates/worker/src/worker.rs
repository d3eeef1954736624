//! The worker: keeps its slots filled with attempts that it claims, until it is told to leave.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use mainspring_api::worker::{Claim, Line, Task};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::sleep,
};
use tokio_util::task::TaskTracker;

use crate::{
    attempt::Crew,
    execute::{Execute, Leaving},
    heartbeat::watch_over,
    link::{Backoff, Link},
    notes,
    slot::Slot,
};

/// How long a claim waits for the first attempt.
const CLAIM_WAIT: Duration = Duration::from_secs(10);

/// Works on as many attempts at once as it has slots.
///
/// It opens no store and knows the control plane by its [`Line`] alone. A slot is taken from the claim to the receipt
/// of the report, but for the time in which the attempt is held.
pub struct Worker {
    line: Arc<dyn Line>,
    executor: Arc<dyn Execute>,
    slots: NonZeroU32,
    name: String,
}

impl Worker {
    /// A worker under a name that is its own.
    pub fn new(
        line: Arc<dyn Line>,
        executor: Arc<dyn Execute>,
        slots: NonZeroU32,
        name: impl Into<String>,
    ) -> Self {
        Self { line, executor, slots, name: name.into() }
    }

    /// Works until `shutdown`; then claims nothing more, ends what is live and returns once that is reported.
    ///
    /// A claim that still waits is dropped: the line must give nothing out to a claim that nobody waits for.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let link = Link::new(Arc::clone(&self.line));
        let (notes, carrier) = notes::channel(link.clone());
        let (births, born) = mpsc::unbounded_channel();
        let (leave, leaving) = watch::channel(Leaving::No);
        let executor = Arc::clone(&self.executor);
        let crew = Arc::new(Crew { link: link.clone(), executor, notes, births, leaving });
        let carrier = tokio::spawn(carrier.run());
        tokio::spawn(watch_over(born, link));

        let slots = Arc::new(Semaphore::new(self.slots.get() as usize));
        // Slots do not tell: one whose attempt is held is free.
        let attempts = TaskTracker::new();
        tokio::select! {
            // Claims first: attempts that arrived with the order to leave are begun, and so ended and reported.
            biased;
            () = self.fill(&slots, &crew, &attempts) => {}
            () = shutdown => {}
        }
        leave.send_replace(Leaving::Yes);
        attempts.close();
        attempts.wait().await;
        drop(crew);
        let _ = carrier.await;
    }

    /// Claims for the free slots, for ever.
    async fn fill(&self, slots: &Arc<Semaphore>, crew: &Arc<Crew>, attempts: &TaskTracker) {
        let mut backoff = Backoff::new();
        loop {
            let free = free_slots(slots).await;
            match crew.link.claim(self.claim(&free)).await {
                Ok(tasks) => {
                    backoff = Backoff::new();
                    begin(tasks, free, (slots, crew), attempts);
                }
                Err(problem) => {
                    tracing::warn!(%problem, worker = %self.name, "a claim was not answered");
                    drop(free);
                    sleep(backoff.next()).await;
                }
            }
        }
    }

    fn claim(&self, free: &OwnedSemaphorePermit) -> Claim {
        let slots = u32::try_from(free.num_permits()).expect("no more than there are slots");
        let wait_ms = u64::try_from(CLAIM_WAIT.as_millis()).expect("a few seconds");
        Claim { worker: self.name.clone(), slots, wait_ms }
    }
}

/// Waits for a free slot and takes all there are.
async fn free_slots(slots: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let mut free = Arc::clone(slots).acquire_owned().await.expect("never closed");
    let more = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
    if let Ok(others) = Arc::clone(slots).try_acquire_many_owned(more) {
        free.merge(others);
    }
    free
}

/// Starts each task in a slot of its own and gives the other slots back.
fn begin(
    tasks: Vec<Task>,
    mut free: OwnedSemaphorePermit,
    (slots, crew): (&Arc<Semaphore>, &Arc<Crew>),
    attempts: &TaskTracker,
) {
    for task in tasks {
        // A control plane that gives more than was asked for is worked for beyond the slots, not refused.
        let slot = free.split(1).map(|permit| Arc::new(Slot::new(permit, slots)));
        let crew = Arc::clone(crew);
        attempts.spawn(async move { crew.attend(task, slot).await });
    }
}

#[cfg(test)]
mod tests;
