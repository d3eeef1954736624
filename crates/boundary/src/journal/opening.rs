//! What a gateway writes when it opens, and what it writes about runs: ownership, and limits of their own.

use mainspring_store::{Fault, News, Pen, RunKey, RunLimit, Unit};
use mainspring_types::Timestamp;
use tokio::sync::oneshot;

type Reply = oneshot::Sender<Result<(), Fault>>;

/// Notes that every former owner is gone: what it had in flight is unknown.
pub(crate) struct TakeOver {
    pub(crate) owner: u128,
    pub(crate) reply: Reply,
}

impl Unit for TakeOver {
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault> {
        pen.disown(self.owner, now)?;
        Ok(News::new())
    }

    fn settled(self: Box<Self>, written: Result<(), Fault>) {
        drop(self.reply.send(written));
    }
}

/// Gives a run limits of its own.
pub(crate) struct LimitRun {
    pub(crate) key: RunKey,
    pub(crate) limits: Vec<RunLimit>,
    pub(crate) reply: Reply,
}

impl Unit for LimitRun {
    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp) -> Result<News, Fault> {
        for limit in &self.limits {
            pen.limit_run(&self.key, limit)?;
        }
        Ok(News::new())
    }

    fn settled(self: Box<Self>, written: Result<(), Fault>) {
        drop(self.reply.send(written));
    }
}
