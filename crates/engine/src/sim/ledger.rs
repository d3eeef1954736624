//! The model ledger: ordered maps with transactions and savepoints, meaning what SQLite means.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::TimerId;
use mainspring_store::{
    Due, Entry, EntryKind, Fault, Key, Keyed, Ledger, NewEntry, Owed, Projection, RunKey, Version,
};
use mainspring_types::{AttemptNo, Digest, Hash, RunId, StepId, TenantId, Timestamp};

/// What is on the model disk.
#[derive(Default)]
struct Tables {
    entries: BTreeMap<(RunKey, u64), Entry>,
    rows: BTreeMap<RunKey, Projection>,
    outbox: BTreeMap<(RunKey, StepId), (AttemptNo, bool)>,
    timers: BTreeMap<(RunKey, TimerId), Timestamp>,
    keys: BTreeMap<(TenantId, Key), Keyed>,
    versions: BTreeMap<(TenantId, Hash), Version>,
    pins: BTreeMap<(TenantId, Hash), Timestamp>,
    references: BTreeMap<RunKey, BTreeSet<Hash>>,
}

/// Puts one row back as it was.
type Undo = Box<dyn FnOnce(&mut Tables)>;

/// The tables and, while a transaction is open, how to undo it.
#[derive(Default)]
pub(super) struct Model {
    tables: Tables,
    undo: Vec<Undo>,
}

/// An open transaction. Dropped without a commit, nothing of it happened.
pub(super) struct Transaction<'a>(&'a mut Model);

impl Model {
    pub(super) fn begin(&mut self) -> Transaction<'_> {
        Transaction(self)
    }

    pub(super) fn entries_after(&self, key: &RunKey, seq: u64) -> Vec<Entry> {
        let range = (key.clone(), seq + 1)..=(key.clone(), u64::MAX);
        self.tables.entries.range(range).map(|(_, entry)| entry.clone()).collect()
    }

    pub(super) fn row(&self, key: &RunKey) -> Option<&Projection> {
        self.tables.rows.get(key)
    }

    /// Whether the run is registered to refer to the blob.
    pub(super) fn refers(&self, key: &RunKey, hash: &Hash) -> bool {
        self.tables.references.get(key).is_some_and(|blobs| blobs.contains(hash))
    }

    /// Writes or deletes one row and remembers how it was.
    fn put<K, V>(&mut self, table: fn(&mut Tables) -> &mut BTreeMap<K, V>, row: K, value: Option<V>)
    where
        K: Ord + Clone + 'static,
        V: 'static,
    {
        let rows = table(&mut self.tables);
        let before = match value {
            Some(value) => rows.insert(row.clone(), value),
            None => rows.remove(&row),
        };
        self.undo.push(Box::new(move |tables| match before {
            Some(before) => drop(table(tables).insert(row, before)),
            None => drop(table(tables).remove(&row)),
        }));
    }

    fn undo_to(&mut self, savepoint: usize) {
        for undo in self.undo.drain(savepoint..).rev() {
            undo(&mut self.tables);
        }
    }
}

impl Transaction<'_> {
    /// One unit under a savepoint; see [`mainspring_store::Batch::unit`].
    pub(super) fn unit(
        &mut self,
        write: impl FnOnce(&mut dyn Ledger) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let savepoint = self.0.undo.len();
        match write(self.0) {
            Err(Fault::Refused { .. }) => {
                self.0.undo_to(savepoint);
                Ok(())
            }
            done => done,
        }
    }

    pub(super) fn commit(self) {
        self.0.undo.clear();
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        self.0.undo_to(0);
    }
}

impl Ledger for Model {
    fn begin(&mut self, _: &RunKey) {}

    fn append(&mut self, key: &RunKey, entry: NewEntry<'_>) -> Result<u64, Fault> {
        let all = (key.clone(), 0)..=(key.clone(), u64::MAX);
        let seq = self.tables.entries.range(all).next_back().map_or(0, |((_, seq), _)| *seq) + 1;
        let NewEntry { kind, at, envelope, payload } = entry;
        let entry = Entry { seq, kind, at, envelope: envelope.into(), payload: payload.map(Into::into) };
        self.put(|tables| &mut tables.entries, (key.clone(), seq), Some(entry));
        Ok(seq)
    }

    fn lifecycle(&mut self, key: &RunKey) -> Result<Vec<Entry>, Fault> {
        let mut entries = self.entries_after(key, 0);
        entries.retain(|entry| entry.kind == EntryKind::Lifecycle);
        Ok(entries)
    }

    fn project(&mut self, key: &RunKey, is: &Projection) -> Result<(), Fault> {
        let mut row = is.clone();
        if let Some(before) = self.tables.rows.get(key) {
            // What a run began with is written once.
            row = Projection {
                status: is.status,
                reason: is.reason.clone(),
                changed_at: is.changed_at,
                ended_at: is.ended_at,
                ..before.clone()
            };
        }
        self.put(|tables| &mut tables.rows, key.clone(), Some(row));
        Ok(())
    }

    fn owe(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault> {
        self.put(|tables| &mut tables.outbox, (key.clone(), step.clone()), Some((attempt, false)));
        Ok(())
    }

    fn claim(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo, _: u64) -> Result<(), Fault> {
        let slot = (key.clone(), step.clone());
        if self.tables.outbox.get(&slot).is_some_and(|(owed, _)| *owed == attempt) {
            self.put(|tables| &mut tables.outbox, slot, Some((attempt, true)));
        }
        Ok(())
    }

    fn settle(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault> {
        let slot = (key.clone(), step.clone());
        if self.tables.outbox.get(&slot).is_some_and(|(owed, _)| *owed == attempt) {
            self.put(|tables| &mut tables.outbox, slot, None);
        }
        Ok(())
    }

    fn abandon(&mut self, _: &RunKey, _: Timestamp) -> Result<(), Fault> {
        // The simulated agents make no calls and ask nobody.
        Ok(())
    }

    fn is_gate_settled(&mut self, _: &RunKey, _: &Hash) -> Result<bool, Fault> {
        Ok(false)
    }

    fn expire_gate(&mut self, _: &RunKey, _: &Hash, _: Timestamp) -> Result<Option<u64>, Fault> {
        Ok(None)
    }

    fn has_ended(&mut self, key: &RunKey) -> Result<bool, Fault> {
        Ok(self.tables.rows.get(key).is_some_and(|row| row.ended_at.is_some()))
    }

    fn children(&mut self, _: &RunKey) -> Result<Vec<RunId>, Fault> {
        Ok(Vec::new())
    }

    fn owed(&mut self) -> Result<Vec<Owed>, Fault> {
        let row = |((key, step), (attempt, claimed)): (&(RunKey, StepId), &(AttemptNo, bool))| Owed {
            key: key.clone(),
            step: step.clone(),
            attempt: *attempt,
            claimed: *claimed,
        };
        Ok(self.tables.outbox.iter().map(row).collect())
    }

    fn arm(&mut self, key: &RunKey, timer: &TimerId, due: Timestamp) -> Result<(), Fault> {
        self.put(|tables| &mut tables.timers, (key.clone(), timer.clone()), Some(due));
        Ok(())
    }

    fn disarm(&mut self, key: &RunKey, timer: &TimerId) -> Result<(), Fault> {
        self.put(|tables| &mut tables.timers, (key.clone(), timer.clone()), None);
        Ok(())
    }

    fn timers(&mut self) -> Result<Vec<Due>, Fault> {
        let row = |((key, timer), at): (&(RunKey, TimerId), &Timestamp)| Due {
            at: *at,
            key: key.clone(),
            timer: timer.clone(),
        };
        Ok(self.tables.timers.iter().map(row).collect())
    }

    fn keyed(&mut self, tenant: &TenantId, key: &Key) -> Result<Option<Keyed>, Fault> {
        Ok(self.tables.keys.get(&(tenant.clone(), key.clone())).copied())
    }

    fn remember(&mut self, tenant: &TenantId, key: &Key, keyed: Keyed) -> Result<(), Fault> {
        let row = (tenant.clone(), key.clone());
        if self.tables.keys.contains_key(&row) {
            return Err(Fault::Refused { detail: "the key is there".into() });
        }
        self.put(|tables| &mut tables.keys, row, Some(keyed));
        Ok(())
    }

    fn catalogue(&mut self, tenant: &TenantId, version: &Version, _: Timestamp) -> Result<(), Fault> {
        let row = (tenant.clone(), version.version);
        if !self.tables.versions.contains_key(&row) {
            self.put(|tables| &mut tables.versions, row, Some(version.clone()));
        }
        Ok(())
    }

    fn pin(&mut self, tenant: &TenantId, digest: &Digest, at: Timestamp) -> Result<(), Fault> {
        self.put(|tables| &mut tables.pins, (tenant.clone(), digest.hash), Some(at));
        Ok(())
    }

    fn refer(&mut self, key: &RunKey, hash: &Hash) -> Result<(), Fault> {
        let mut blobs = self.tables.references.get(key).cloned().unwrap_or_default();
        blobs.insert(*hash);
        self.put(|tables| &mut tables.references, key.clone(), Some(blobs));
        Ok(())
    }
}
