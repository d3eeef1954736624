//! What a gateway writes beside intents and settlements.

use mainspring_store::{EffectState, Fault, Ledger as _, News, Pen, RunKey, RunLimit, Unit};
use mainspring_types::{Digest, EffectId, TenantId, Timestamp};
use tokio::sync::oneshot;

use super::{Ledger, Pass, entries};

pub(crate) type Reply = oneshot::Sender<Result<(), Fault>>;

/// Notes that every former owner is gone: what it had in flight is unknown.
pub(crate) struct TakeOver {
    pub(crate) ledger: Ledger,
    pub(crate) reply: Reply,
}

impl Unit for TakeOver {
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault> {
        pen.disown(self.ledger.owner, now)?;
        self.ledger.book.put_in_order(pen, now)?;
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

/// Pins a blob before its file is written.
pub(crate) struct PinBlob {
    pub(crate) tenant: TenantId,
    pub(crate) digest: Digest,
    pub(crate) reply: Reply,
}

impl Unit for PinBlob {
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault> {
        pen.pin(&self.tenant, &self.digest, now)?;
        Ok(News::new())
    }

    fn settled(self: Box<Self>, written: Result<(), Fault>) {
        drop(self.reply.send(written));
    }
}

/// Notes the provider's id of an answer that must not be asked for twice.
pub(crate) struct Identify {
    pub(crate) key: RunKey,
    pub(crate) effect: EffectId,
    pub(crate) number: u32,
    pub(crate) response: String,
}

impl Unit for Identify {
    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp) -> Result<News, Fault> {
        pen.identify(&self.key, (self.effect, self.number), &self.response)?;
        Ok(News::new())
    }

    fn settled(self: Box<Self>, _: Result<(), Fault>) {}
}

/// Tells the run's journal what an attempt that did its work was never asked for of what earlier ones recorded.
pub(crate) struct Leftovers {
    pub(crate) pass: Pass,
}

impl Unit for Leftovers {
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault> {
        let Pass { key, step, attempt, .. } = &self.pass;
        let mut left = pen.unconsumed(key, step, *attempt)?;
        left.retain(|record| record.state == EffectState::Committed);
        if left.is_empty() {
            return Ok(News::new());
        }
        let effects: Vec<EffectId> = left.iter().map(|record| record.id).collect();
        let seq = entries::append_of(pen, &self.pass, now, entries::unused(&effects))?;
        Ok(vec![(key.clone(), seq)])
    }

    fn settled(self: Box<Self>, _: Result<(), Fault>) {}
}
