//! What an application writes and reads inside the writer's transaction.

use mainspring_core::TimerId;
use mainspring_types::{AttemptNo, Digest, Hash, RunId, StepId, TenantId, Timestamp};

use crate::Fault;

/// A run, wholly named.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunKey {
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The run.
    pub run: RunId,
}

/// Kinds of journal entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i64)]
pub enum EntryKind {
    /// An event of the core: the run is the fold of these.
    Lifecycle = 1,
    /// Something a worker noted.
    Note = 2,
    /// How the run ended: always the last lifecycle event's companion.
    Outcome = 3,
    /// Something became of a call that left the agent.
    Effect = 4,
}

impl EntryKind {
    pub(crate) fn from_stored(kind: i64) -> Option<Self> {
        [Self::Lifecycle, Self::Note, Self::Outcome, Self::Effect]
            .into_iter()
            .find(|known| *known as i64 == kind)
    }
}

/// An entry to be written; its sequence number is given as it is.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// Which kind.
    pub kind: EntryKind,
    /// When it happened.
    pub at: Timestamp,
    /// One JSON document; holds the digest of the payload, never the payload.
    pub envelope: &'a str,
    /// The inline body of the entry's value.
    pub payload: Option<&'a [u8]>,
}

/// An entry as stored.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Its number within the run, from 1.
    pub seq: u64,
    /// Which kind.
    pub kind: EntryKind,
    /// When it happened.
    pub at: Timestamp,
    /// One JSON document.
    pub envelope: String,
    /// The inline body of the entry's value; `None` when there is none, it is a blob, or it was erased.
    pub payload: Option<Vec<u8>>,
}

/// What lists and searches need of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Projection {
    /// The agent, by name.
    pub agent: String,
    /// Its version.
    pub version: Hash,
    /// The method, for a package.
    pub method: Option<String>,
    /// How it stands.
    pub status: &'static str,
    /// What it waits for.
    pub reason: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When `status` or `reason` last changed.
    pub changed_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// An attempt that is owed to a worker, or with one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owed {
    /// The run.
    pub key: RunKey,
    /// The step.
    pub step: StepId,
    /// The attempt.
    pub attempt: AttemptNo,
    /// Whether a worker has taken it.
    pub claimed: bool,
}

/// A timer and its moment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Due {
    /// The moment.
    pub at: Timestamp,
    /// The run.
    pub key: RunKey,
    /// The timer.
    pub timer: TimerId,
}

/// An idempotency key in full.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key {
    /// Who used it.
    pub caller: String,
    /// For which route.
    pub route: String,
    /// The key.
    pub key: String,
}

/// What an idempotency key stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keyed {
    /// The hash of the request that used it first.
    pub request: Hash,
    /// The run that request made.
    pub run: RunId,
}

/// An agent version of the catalogue.
#[derive(Clone, PartialEq, Debug)]
pub struct Version {
    /// Its address.
    pub version: Hash,
    /// The agent, by name.
    pub agent: String,
    /// What it is, as one JSON document.
    pub document: String,
}

/// The record, as its one writer sees it inside a transaction: its own writes included.
pub trait Ledger {
    /// Promises that the run has no entries yet, so that none are looked for; a wrong promise makes its first entry fail.
    fn begin(&mut self, key: &RunKey);
    /// Appends an entry and says its sequence number.
    fn append(&mut self, key: &RunKey, entry: NewEntry<'_>) -> Result<u64, Fault>;
    /// The lifecycle entries of a run, in order; empty when there is no such run.
    fn lifecycle(&mut self, key: &RunKey) -> Result<Vec<Entry>, Fault>;
    /// Writes what lists need; replaces what was there.
    fn project(&mut self, key: &RunKey, projection: &Projection) -> Result<(), Fault>;
    /// Notes that an attempt is owed to a worker; replaces an earlier attempt of the step.
    fn owe(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault>;
    /// Notes that a worker has the attempt, under a ticket with this number, which is not 0.
    fn claim(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo, nonce: u64) -> Result<(), Fault>;
    /// The attempt is over.
    fn settle(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault>;
    /// Every attempt that is owed or with a worker.
    fn owed(&mut self) -> Result<Vec<Owed>, Fault>;
    /// The run has ended: effects that nobody has settled are abandoned, and open gates withdrawn.
    fn abandon(&mut self, key: &RunKey, at: Timestamp) -> Result<(), Fault>;
    /// Whether the gate was answered, or its default taken.
    fn is_gate_settled(&mut self, key: &RunKey, gate: &Hash) -> Result<bool, Fault>;
    /// Takes the gate's default unless it was answered; says the number of the entry that tells of it.
    fn expire_gate(&mut self, key: &RunKey, gate: &Hash, at: Timestamp) -> Result<Option<u64>, Fault>;
    /// Whether the run has ended.
    fn has_ended(&mut self, key: &RunKey) -> Result<bool, Fault>;
    /// The runs that the run started and that have not ended.
    fn children(&mut self, key: &RunKey) -> Result<Vec<RunId>, Fault>;
    /// Arms a timer; replaces its earlier moment.
    fn arm(&mut self, key: &RunKey, timer: &TimerId, due: Timestamp) -> Result<(), Fault>;
    /// Disarms a timer; nothing happens when it is not armed.
    fn disarm(&mut self, key: &RunKey, timer: &TimerId) -> Result<(), Fault>;
    /// Every armed timer.
    fn timers(&mut self) -> Result<Vec<Due>, Fault>;
    /// What the key stands for, if it was used.
    fn keyed(&mut self, tenant: &TenantId, key: &Key) -> Result<Option<Keyed>, Fault>;
    /// Remembers what the key stands for.
    fn remember(&mut self, tenant: &TenantId, key: &Key, keyed: Keyed) -> Result<(), Fault>;
    /// Puts a version into the catalogue; nothing happens when it is there.
    fn catalogue(&mut self, tenant: &TenantId, version: &Version, at: Timestamp) -> Result<(), Fault>;
    /// Pins a blob before its file is written.
    fn pin(&mut self, tenant: &TenantId, digest: &Digest, at: Timestamp) -> Result<(), Fault>;
    /// Registers that a run refers to a blob.
    fn refer(&mut self, key: &RunKey, hash: &Hash) -> Result<(), Fault>;
}
