//! Carries notes about attempts to the control plane: in batches, in order, and never waited for.
//!
//! A note that finds the queue full is lost, and so is a batch that does not arrive: notes are for people who watch,
//! and must not hold up the work. [`NoteSender::settle`] lets an attempt's notes go out before its report, after which
//! they would no longer count.

use std::time::Duration;

use mainspring_api::worker::Progress;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::link::Link;

/// How many notes may wait. A fast talker is bounded by what one attempt may log.
const QUEUE_MAX: usize = 1_024;
/// How many notes travel together.
const BATCH_MAX: usize = 64;
/// How long the first note of a batch waits for others.
const BATCH_WAIT: Duration = Duration::from_millis(50);
/// How long a report waits for the notes before it.
const SETTLE_MAX: Duration = Duration::from_secs(1);

enum Item {
    Note(Progress),
    /// Answered once everything before it was sent.
    Settle(oneshot::Sender<()>),
}

/// The end of the queue that notes go into.
#[derive(Clone, Debug)]
pub(crate) struct NoteSender(mpsc::Sender<Item>);

impl NoteSender {
    pub(crate) fn send(&self, progress: Progress) {
        if self.0.try_send(Item::Note(progress)).is_err() {
            tracing::debug!("a note was lost: too many are waiting");
        }
    }

    /// Waits until the notes so far were sent, or for a second.
    pub(crate) async fn settle(&self) {
        let (answer, settled) = oneshot::channel();
        let settle = async {
            if self.0.send(Item::Settle(answer)).await.is_ok() {
                let _ = settled.await;
            }
        };
        let _ = timeout(SETTLE_MAX, settle).await;
    }
}

/// The end of the queue that notes come out of.
pub(crate) struct Carrier {
    queue: mpsc::Receiver<Item>,
    link: Link,
}

/// A queue for notes, and what empties it.
pub(crate) fn channel(link: Link) -> (NoteSender, Carrier) {
    let (sender, queue) = mpsc::channel(QUEUE_MAX);
    (NoteSender(sender), Carrier { queue, link })
}

impl Carrier {
    /// Carries notes until nobody is left who could make any.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let (notes, settled) = self.gather(first).await;
            if !notes.is_empty()
                && let Err(problem) = self.link.progress(notes).await
            {
                tracing::debug!(%problem, "a batch of notes was lost");
            }
            if let Some(settled) = settled {
                let _ = settled.send(());
            }
        }
    }

    /// One batch: as many as came in time, or as came before somebody waits.
    async fn gather(&mut self, first: Item) -> (Vec<Progress>, Option<oneshot::Sender<()>>) {
        let deadline = Instant::now() + BATCH_WAIT;
        let mut notes = Vec::new();
        let mut next = Some(first);
        while let Some(item) = next {
            match item {
                Item::Note(note) => notes.push(note),
                Item::Settle(answer) => return (notes, Some(answer)),
            }
            if notes.len() == BATCH_MAX {
                break;
            }
            next = timeout_at(deadline, self.queue.recv()).await.ok().flatten();
        }
        (notes, None)
    }
}
