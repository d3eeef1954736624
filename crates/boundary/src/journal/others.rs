//! What a gateway writes beside intents and settlements.

use mainspring_store::{EffectState, Fault, Ledger as _, News, Pen, RunKey, RunLimit};
use mainspring_types::{Digest, EffectId, TenantId, Timestamp};

use super::{Pass, Register, entries};
use crate::work::Work;

/// Notes that every former owner is gone: what it had in flight is unknown.
pub(crate) struct TakeOver {
    pub(crate) ledger: Register,
}

impl Work for TakeOver {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, _: &mut News) -> Result<(), Fault> {
        pen.disown(self.ledger.owner, now)?;
        self.ledger.book.put_in_order(pen, now)
    }
}

/// Gives a run limits of its own.
pub(crate) struct LimitRun {
    pub(crate) key: RunKey,
    pub(crate) limits: Vec<RunLimit>,
}

impl Work for LimitRun {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp, _: &mut News) -> Result<(), Fault> {
        self.limits.iter().try_for_each(|limit| pen.limit_run(&self.key, limit))
    }
}

/// Pins a blob before its file is written.
pub(crate) struct PinBlob {
    pub(crate) tenant: TenantId,
    pub(crate) digest: Digest,
}

impl Work for PinBlob {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, _: &mut News) -> Result<(), Fault> {
        pen.pin(&self.tenant, &self.digest, now)
    }
}

/// Notes the provider's id of an answer that must not be asked for twice.
pub(crate) struct Identify {
    pub(crate) key: RunKey,
    pub(crate) effect: EffectId,
    pub(crate) number: u32,
    pub(crate) response: String,
}

impl Work for Identify {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp, _: &mut News) -> Result<(), Fault> {
        pen.identify(&self.key, (self.effect, self.number), &self.response)
    }
}

/// Tells the run's journal what an attempt that did its work was never asked for of what earlier ones recorded.
pub(crate) struct Leftovers {
    pub(crate) pass: Pass,
}

impl Work for Leftovers {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<(), Fault> {
        let Pass { key, step, attempt, .. } = &self.pass;
        let mut left = pen.unconsumed(key, step, *attempt)?;
        left.retain(|record| record.state == EffectState::Committed);
        if !left.is_empty() {
            let effects: Vec<EffectId> = left.iter().map(|record| record.id).collect();
            let seq = entries::append_of(pen, &self.pass, now, entries::unused(&effects))?;
            news.push((key.clone(), seq));
        }
        Ok(())
    }
}
