//! Work for the writer's transaction that the engine knows nothing of: the boundary's.

use std::sync::Arc;

use mainspring_core::{Created, Principal, Request};
use mainspring_types::{RequestId, Timestamp, Value};

use crate::{Fault, Pen, RunKey, WriterGone};

/// Something to be written as one, under a savepoint of its own, together with whatever else is queued.
pub trait Unit: Send + 'static {
    /// Decides and writes. After an error nothing of it is written.
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault>;

    /// What the engine has to do in the same transaction, asked once after [`Unit::write`].
    fn demands(&mut self) -> Vec<Demand> {
        Vec::new()
    }

    /// What was written is durable, or nothing was.
    fn settled(self: Box<Self>, written: Result<(), Fault>);
}

/// What a unit wants of the engine, so that a change of the record and what follows from it for a run are one.
#[derive(Debug)]
pub enum Demand {
    /// To ask something of a run. One that declines is left as it is.
    Ask {
        /// The run.
        key: RunKey,
        /// What.
        request: Box<Request>,
    },
    /// To begin a run; nothing happens when it is there.
    Begin {
        /// The run.
        key: RunKey,
        /// What it carries with it.
        created: Box<Created>,
        /// Its input, small enough to be stored beside the event.
        input: Value,
        /// On whose behalf.
        by: Principal,
        /// Which request this is.
        request: RequestId,
    },
}

/// Runs that have new entries, each up to which number.
pub type News = Vec<(RunKey, u64)>;

/// Queues a unit for the writer. Waits while the queue is full.
pub type Submit = Arc<dyn Fn(Box<dyn Unit>) -> Result<(), WriterGone> + Send + Sync>;
