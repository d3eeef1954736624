//! Work for the writer's transaction that the engine knows nothing of: the boundary's.

use std::sync::Arc;

use mainspring_types::Timestamp;

use crate::{Fault, Pen, RunKey, WriterGone};

/// Something to be written as one, under a savepoint of its own, together with whatever else is queued.
pub trait Unit: Send + 'static {
    /// Decides and writes. After an error nothing of it is written.
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault>;

    /// What was written is durable, or nothing was.
    fn settled(self: Box<Self>, written: Result<(), Fault>);
}

/// Runs that have new entries, each up to which number.
pub type News = Vec<(RunKey, u64)>;

/// Queues a unit for the writer. Waits while the queue is full.
pub type Submit = Arc<dyn Fn(Box<dyn Unit>) -> Result<(), WriterGone> + Send + Sync>;
