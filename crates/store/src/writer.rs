//! The one thread that writes.
//!
//! ```text
//!  wait for a message or the next timer
//!     -> BEGIN
//!        each message queued up (at most 256): SAVEPOINT, application writes, RELEASE | ROLLBACK TO
//!     -> COMMIT (one fsync for all)
//!     -> durable: the application answers and lets go what was decided
//!        or undone: it forgets what it decided and answers with the fault
//! ```
//!
//! A failed disk (not a full one) ends the process: what the last commit holds is then known only to the disk, and
//! the next start reads it from there.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel},
    thread::JoinHandle,
    time::Duration,
};

use mainspring_types::Timestamp;

use crate::{Fault, Pen, batch::Journal};

/// How many messages share a commit at most: enough to make the fsync cheap, few enough to keep the first waiting
/// only some milliseconds.
const BATCH_MAX: usize = 256;

/// How long the writer rests after it met a full disk.
const FULL_DISK_PAUSE: Duration = Duration::from_millis(50);

/// How many messages may queue up before senders wait.
const QUEUE_MAX: usize = 4096;

/// What decides and writes inside the writer's transaction.
pub trait Application: Send + 'static {
    /// What it is asked.
    type Message: Send + 'static;

    /// Decides about one message and writes what follows. After an error nothing of this message is written.
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, message: Self::Message) -> Result<(), Fault>;

    /// When [`Application::wake`] wants to be called next.
    fn due(&self) -> Option<Timestamp>;

    /// Does what has come due. After an error nothing of it is written.
    fn wake(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<(), Fault>;

    /// Everything written since the last call is on disk.
    fn durable(&mut self);

    /// Nothing written since the last [`Application::durable`] is on disk: it must be forgotten.
    fn undone(&mut self, fault: &Fault);
}

/// The writer's thread. Dropping it lets the thread go on until the process ends; [`Writer::finish`] ends it.
pub struct Writer<M> {
    queue: Queue<M>,
    thread: JoinHandle<()>,
}

/// The sending side of the writer's queue. A full queue makes the sender wait.
pub struct Queue<M>(SyncSender<Item<M>>);

enum Item<M> {
    Message(M),
    Finish,
}

impl<M> Clone for Queue<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M> Queue<M> {
    /// Queues a message.
    pub fn send(&self, message: M) -> Result<(), WriterGone> {
        self.0.send(Item::Message(message)).map_err(|_| WriterGone)
    }
}

/// The writer has stopped; nothing more is written.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the writer has stopped")]
pub struct WriterGone;

impl<M: Send + 'static> Writer<M> {
    /// Starts the thread that owns the journal and the application.
    pub(crate) fn start<A: Application<Message = M>>(
        journal: Journal,
        application: A,
    ) -> std::io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE_MAX);
        let desk = Desk { journal, application, messages, finishing: false };
        let thread = std::thread::Builder::new().name("writer".into()).spawn(|| desk.work())?;
        Ok(Self { queue: Queue(queue), thread })
    }

    /// A sender for another thread.
    pub fn queue(&self) -> Queue<M> {
        self.queue.clone()
    }

    /// Writes everything that was sent before, then closes the database, whose one file is then the whole record. What
    /// is sent later is refused.
    pub fn finish(self) {
        if self.queue.0.send(Item::Finish).is_ok() {
            // A panic of the writer was reported by the hook of its thread.
            let _ = self.thread.join();
        }
    }
}

struct Desk<A: Application> {
    journal: Journal,
    application: A,
    messages: Receiver<Item<A::Message>>,
    finishing: bool,
}

enum Next<M> {
    Message(M),
    Due,
    Closed,
}

impl<A: Application> Desk<A> {
    fn work(mut self) {
        while !self.finishing {
            let first = match self.next() {
                Next::Message(message) => Some(message),
                Next::Due => None,
                Next::Closed => break,
            };
            match self.batch(first) {
                Ok(()) => self.application.durable(),
                Err(fault) => self.undo(&fault),
            }
        }
        self.journal.fold_back();
    }

    fn next(&self) -> Next<A::Message> {
        let wait = self.application.due().map(|due| due.since(Timestamp::now()));
        let received = match wait {
            None => self.messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(Duration::ZERO) => match self.messages.try_recv() {
                Ok(message) => Ok(message),
                Err(TryRecvError::Empty) => Err(RecvTimeoutError::Timeout),
                Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            },
            Some(wait) => self.messages.recv_timeout(wait),
        };
        match received {
            Ok(Item::Message(message)) => Next::Message(message),
            Ok(Item::Finish) | Err(RecvTimeoutError::Disconnected) => Next::Closed,
            Err(RecvTimeoutError::Timeout) => Next::Due,
        }
    }

    fn batch(&mut self, first: Option<A::Message>) -> Result<(), Fault> {
        let Self { journal, application, messages, finishing } = self;
        let mut batch = journal.begin()?;
        let mut next = first;
        let mut taken = 0;
        while let Some(message) = next {
            batch.unit(|pen| application.write(pen, Timestamp::now(), message))?;
            taken += 1;
            next = if taken < BATCH_MAX { queued(messages, finishing) } else { None };
        }
        if application.due().is_some_and(|due| due <= Timestamp::now()) {
            batch.unit(|pen| application.wake(pen, Timestamp::now()))?;
        }
        batch.commit()
    }

    fn undo(&mut self, fault: &Fault) {
        tracing::error!(%fault, "a batch was not committed");
        if self.journal.is_stuck() {
            stop_for(fault);
        }
        self.application.undone(fault);
        if matches!(fault, Fault::Full) {
            // What is due would be tried again at once, for as long as the disk is full.
            std::thread::sleep(FULL_DISK_PAUSE);
        }
        if matches!(fault, Fault::Io { .. } | Fault::Corrupt { .. }) {
            stop_for(fault);
        }
    }
}

fn queued<M>(messages: &Receiver<Item<M>>, finishing: &mut bool) -> Option<M> {
    match messages.try_recv() {
        Ok(Item::Message(message)) => Some(message),
        Ok(Item::Finish) => {
            *finishing = true;
            None
        }
        Err(_) => None,
    }
}

/// Ends the process: only the disk knows what is on it now, and the next start asks it.
fn stop_for(fault: &Fault) -> ! {
    tracing::error!(%fault, "the store can no longer be trusted; stopping");
    std::process::exit(4)
}
