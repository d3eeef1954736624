//! Claims on their way to the disk.
//!
//! A claim is kept until it is durable: when its batch is undone it is written with the next message. Otherwise a note of an attempt could be durable while its claim is not, and a restart would give the
//! same attempt to a second worker.

use mainspring_store::{Fault, Ledger, RunKey};
use mainspring_types::{AttemptNo, StepId};

/// Claims that are not known to be durable.
#[derive(Default)]
pub(super) struct Claims {
    /// Written in the batch that is open.
    written: Vec<Claim>,
    /// Written in a batch that was undone.
    lost: Vec<Claim>,
}

struct Claim {
    key: RunKey,
    step: StepId,
    attempt: AttemptNo,
    nonce: u64,
}

impl Claims {
    pub(super) fn add(&mut self, key: RunKey, step: StepId, attempt: AttemptNo, nonce: u64) {
        self.lost.push(Claim { key, step, attempt, nonce });
    }

    /// Writes what no open or durable batch holds.
    pub(super) fn write(&mut self, ledger: &mut dyn Ledger) -> Result<(), Fault> {
        while let Some(Claim { key, step, attempt, nonce }) = self.lost.last() {
            ledger.claim(key, step, *attempt, *nonce)?;
            self.written.extend(self.lost.pop());
        }
        Ok(())
    }

    /// How many the open batch holds.
    pub(super) fn written(&self) -> usize {
        self.written.len()
    }

    /// The open batch holds only the first `kept` any more.
    pub(super) fn undo_to(&mut self, kept: usize) {
        self.lost.extend(self.written.drain(kept..));
    }

    pub(super) fn durable(&mut self) {
        self.written.clear();
    }
}
