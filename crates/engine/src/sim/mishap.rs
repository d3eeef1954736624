//! What goes wrong while a batch is written: one thing at most.

use mainspring_core::TimerId;
use mainspring_store::{Due, Entry, Fault, Key, Keyed, Ledger, NewEntry, Owed, Projection, RunKey, Version};
use mainspring_types::{AttemptNo, Digest, Hash, RunId, StepId, TenantId, Timestamp};

use super::prng::Prng;

/// One thing that goes wrong. A `call` counts the ledger's calls in the batch from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mishap {
    /// Nothing.
    None,
    /// A statement is refused: its message is undone, its neighbours are not.
    Refused { call: u64 },
    /// The disk is full at a statement: the batch is undone, the server stays up.
    Full { call: u64 },
    /// The disk is full at the commit.
    FullAtCommit,
    /// The disk fails at a statement: the server ends.
    Failed { call: u64 },
    /// The machine stops before the commit.
    DiesBeforeCommit,
    /// The machine stops after the commit, before anything is let go.
    DiesAfterCommit,
    /// The commit reached the disk and yet reported failure: the server ends.
    CommitUnknown,
}

impl Mishap {
    pub(super) fn draw(prng: &mut Prng) -> Self {
        let call = 1 + prng.below(14);
        prng.weigh(&[
            (3, Self::Refused { call }),
            (3, Self::Full { call }),
            (1, Self::FullAtCommit),
            (2, Self::Failed { call }),
            (1, Self::DiesBeforeCommit),
            (3, Self::DiesAfterCommit),
            (1, Self::CommitUnknown),
        ])
    }

    fn at(self, now: u64) -> Option<Fault> {
        let detail = || format!("call {now} of the batch, by the simulator");
        match self {
            Self::Refused { call } if call == now => Some(Fault::Refused { detail: detail() }),
            Self::Full { call } if call == now => Some(Fault::Full),
            Self::Failed { call } if call == now => Some(Fault::Io { detail: detail() }),
            _ => None,
        }
    }
}

/// A ledger that fails where the mishap says so.
pub(super) struct Faulty<'a> {
    pub(super) ledger: &'a mut dyn Ledger,
    pub(super) mishap: Mishap,
    /// Calls of the batch so far.
    pub(super) calls: &'a mut u64,
}

impl Faulty<'_> {
    fn pass(&mut self) -> Result<&mut dyn Ledger, Fault> {
        *self.calls += 1;
        self.mishap.at(*self.calls).map_or(Ok(&mut *self.ledger), Err)
    }
}

impl Ledger for Faulty<'_> {
    fn begin(&mut self, key: &RunKey) {
        self.ledger.begin(key);
    }

    fn append(&mut self, key: &RunKey, entry: NewEntry<'_>) -> Result<u64, Fault> {
        self.pass()?.append(key, entry)
    }
    fn lifecycle(&mut self, key: &RunKey) -> Result<Vec<Entry>, Fault> {
        self.pass()?.lifecycle(key)
    }
    fn project(&mut self, key: &RunKey, projection: &Projection) -> Result<(), Fault> {
        self.pass()?.project(key, projection)
    }
    fn owe(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault> {
        self.pass()?.owe(key, step, attempt)
    }
    fn claim(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo, nonce: u64) -> Result<(), Fault> {
        self.pass()?.claim(key, step, attempt, nonce)
    }
    fn abandon(&mut self, key: &RunKey, at: Timestamp) -> Result<(), Fault> {
        self.pass()?.abandon(key, at)
    }

    fn is_gate_settled(&mut self, key: &RunKey, gate: &Hash) -> Result<bool, Fault> {
        self.pass()?.is_gate_settled(key, gate)
    }

    fn expire_gate(&mut self, key: &RunKey, gate: &Hash, at: Timestamp) -> Result<Option<u64>, Fault> {
        self.pass()?.expire_gate(key, gate, at)
    }

    fn has_ended(&mut self, key: &RunKey) -> Result<bool, Fault> {
        self.pass()?.has_ended(key)
    }

    fn children(&mut self, key: &RunKey) -> Result<Vec<RunId>, Fault> {
        self.pass()?.children(key)
    }
    fn settle(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault> {
        self.pass()?.settle(key, step, attempt)
    }
    fn owed(&mut self) -> Result<Vec<Owed>, Fault> {
        self.pass()?.owed()
    }
    fn arm(&mut self, key: &RunKey, timer: &TimerId, due: Timestamp) -> Result<(), Fault> {
        self.pass()?.arm(key, timer, due)
    }
    fn disarm(&mut self, key: &RunKey, timer: &TimerId) -> Result<(), Fault> {
        self.pass()?.disarm(key, timer)
    }
    fn timers(&mut self) -> Result<Vec<Due>, Fault> {
        self.pass()?.timers()
    }
    fn keyed(&mut self, tenant: &TenantId, key: &Key) -> Result<Option<Keyed>, Fault> {
        self.pass()?.keyed(tenant, key)
    }
    fn remember(&mut self, tenant: &TenantId, key: &Key, keyed: Keyed) -> Result<(), Fault> {
        self.pass()?.remember(tenant, key, keyed)
    }
    fn catalogue(&mut self, tenant: &TenantId, version: &Version, at: Timestamp) -> Result<(), Fault> {
        self.pass()?.catalogue(tenant, version, at)
    }
    fn pin(&mut self, tenant: &TenantId, digest: &Digest, at: Timestamp) -> Result<(), Fault> {
        self.pass()?.pin(tenant, digest, at)
    }
    fn refer(&mut self, key: &RunKey, hash: &Hash) -> Result<(), Fault> {
        self.pass()?.refer(key, hash)
    }
}
