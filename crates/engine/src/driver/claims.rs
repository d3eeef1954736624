//! Claims on their way to the disk.
//!
//! A claim says that an attempt may have begun, so it has to be durable no later than anything the attempt leaves
//! behind; otherwise a restart would give the same attempt to a second worker. Until then nobody waits for it. So it
//! is written before the first trace of its attempt, or once it is [`GRACE`] old; most short steps end before that
//! and need none. When a batch is undone, its claims wait again.

use std::{collections::BTreeMap, time::Duration};

use mainspring_store::{Fault, Ledger, RunKey};
use mainspring_types::{AttemptNo, StepId, Timestamp};

/// How long a claim may wait for its attempt to end.
const GRACE: Duration = Duration::from_millis(20);

type Slot = (RunKey, StepId);

/// Claims that are not known to be durable.
#[derive(Default)]
pub(super) struct Claims {
    waiting: BTreeMap<Slot, Claim>,
    /// Left `waiting` in the batch that is open: written, or settled without.
    gone: Vec<(Slot, Claim)>,
    /// When the waiting ones are looked through next.
    look: Option<Timestamp>,
}

struct Claim {
    attempt: AttemptNo,
    since: Timestamp,
}

impl Claims {
    pub(super) fn add(&mut self, slot: Slot, attempt: AttemptNo, now: Timestamp) {
        self.waiting.insert(slot, Claim { attempt, since: now });
        self.look.get_or_insert(now.after(GRACE));
    }

    /// When [`Claims::write_old`] wants to be called next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.look
    }

    /// The attempt has ended: its claim is no longer needed.
    pub(super) fn settle(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) {
        let slot = (key.clone(), step.clone());
        if self.waiting.get(&slot).is_some_and(|claim| claim.attempt == attempt) {
            self.gone.extend(self.waiting.remove_entry(&slot));
        }
    }

    /// Writes the claims of a run that is about to leave a trace.
    pub(super) fn write_of(&mut self, ledger: &mut dyn Ledger, key: &RunKey) -> Result<(), Fault> {
        self.write(ledger, |(run, _), _| run == key)
    }

    /// Writes the claims whose attempts go on.
    pub(super) fn write_old(&mut self, ledger: &mut dyn Ledger, now: Timestamp) -> Result<(), Fault> {
        if self.look.is_none_or(|look| look > now) {
            return Ok(());
        }
        // Before anything can fail: a full disk must not be asked again at once.
        self.look = Some(now.after(GRACE));
        self.write(ledger, |_, claim| claim.since.after(GRACE) <= now)?;
        if self.waiting.is_empty() {
            self.look = None;
        }
        Ok(())
    }

    fn write(
        &mut self,
        ledger: &mut dyn Ledger,
        wanted: impl Fn(&Slot, &Claim) -> bool,
    ) -> Result<(), Fault> {
        let slots: Vec<Slot> = self
            .waiting
            .iter()
            .filter(|(slot, claim)| wanted(slot, claim))
            .map(|(slot, _)| slot.clone())
            .collect();
        for slot in slots {
            let (key, step) = &slot;
            ledger.claim(key, step, self.waiting[&slot].attempt)?;
            self.gone.extend(self.waiting.remove_entry(&slot));
        }
        Ok(())
    }

    /// How many left in the open batch.
    pub(super) fn gone(&self) -> usize {
        self.gone.len()
    }

    /// The open batch holds only the first `kept` that left any more: the others wait again.
    pub(super) fn undo_to(&mut self, kept: usize, now: Timestamp) {
        for (slot, claim) in self.gone.drain(kept..) {
            self.waiting.entry(slot).or_insert(claim);
        }
        if !self.waiting.is_empty() {
            self.look.get_or_insert(now.after(GRACE));
        }
    }

    pub(super) fn durable(&mut self) {
        self.gone.clear();
    }
}
