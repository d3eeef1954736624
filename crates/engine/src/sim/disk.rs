//! Where the simulated server writes: the model, or the real store in a folder of its own.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use mainspring_store::{Batch, Due, Entry, Fault, Ledger, Owed, Readers, RunKey, Store, StoreOptions};
use mainspring_types::{Hash, Timestamp};

use super::{
    Ledgers,
    ledger::{Model, Transaction},
};

/// The disk of a simulated machine.
pub(super) enum Disk {
    Model(Box<Model>),
    Store(Box<OnStore>),
}

/// The real store.
pub(super) struct OnStore {
    // In this order: the database is closed before its folder goes.
    store: Store,
    readers: Readers,
    folder: Folder,
}

/// What lists show of a run.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Row {
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) method: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
}

impl Disk {
    pub(super) fn new(ledgers: Ledgers) -> Self {
        match ledgers {
            Ledgers::Model => Self::Model(Box::default()),
            Ledgers::Store => Self::Store(Box::new(OnStore::open(Folder::make()))),
        }
    }

    /// The disk as the next life of the server finds it.
    pub(super) fn reopen(self) -> Self {
        match self {
            Self::Model(model) => Self::Model(model),
            Self::Store(on) => {
                let OnStore { store, readers, folder } = *on;
                drop((store, readers));
                Self::Store(Box::new(OnStore::open(folder)))
            }
        }
    }

    pub(super) fn begin(&mut self) -> Result<Writing<'_>, Fault> {
        Ok(match self {
            Self::Model(model) => Writing::Model(model.begin()),
            Self::Store(on) => Writing::Store(on.store.begin()?),
        })
    }

    pub(super) fn entries_after(&self, key: &RunKey, seq: u64) -> Vec<Entry> {
        match self {
            Self::Model(model) => model.entries_after(key, seq),
            Self::Store(on) => on.readers.entries(key, seq, u32::MAX).expect(SOUND),
        }
    }

    pub(super) fn row(&self, key: &RunKey) -> Option<Row> {
        match self {
            Self::Model(model) => model.row(key).map(|row| Row {
                status: row.status.to_owned(),
                reason: row.reason.clone(),
                method: row.method.clone(),
                created_at: row.created_at,
                ended_at: row.ended_at,
            }),
            Self::Store(on) => on.readers.run(key).expect(SOUND).map(|row| Row {
                status: row.status,
                reason: row.reason,
                method: row.method,
                created_at: row.created_at,
                ended_at: row.ended_at,
            }),
        }
    }

    /// Every row of the outbox, and of the timers.
    pub(super) fn owed(&mut self) -> (Vec<Owed>, Vec<Due>) {
        let mut found = (Vec::new(), Vec::new());
        let mut writing = self.begin().expect(SOUND);
        let read = writing.unit(|ledger| {
            found = (ledger.owed()?, ledger.timers()?);
            Ok(())
        });
        read.expect(SOUND);
        found
    }

    /// Whether the run is registered to refer to the blob; the real store offers no way to ask.
    pub(super) fn refers(&self, key: &RunKey, hash: &Hash) -> bool {
        match self {
            Self::Model(model) => model.refers(key, hash),
            Self::Store(_) => true,
        }
    }
}

const SOUND: &str = "the disk under the simulator is sound";

impl OnStore {
    fn open(folder: Folder) -> Self {
        let store = Store::open(&folder.0.join("mainspring.db"), StoreOptions::default()).expect(SOUND);
        let readers = store.readers(1).expect(SOUND);
        Self { store, readers, folder }
    }
}

/// An open transaction. Dropped without a commit, nothing of it happened.
pub(super) enum Writing<'a> {
    Model(Transaction<'a>),
    Store(Batch<'a>),
}

impl Writing<'_> {
    /// One unit under a savepoint; see [`Batch::unit`].
    pub(super) fn unit(
        &mut self,
        write: impl FnOnce(&mut dyn Ledger) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::Model(transaction) => transaction.unit(write),
            Self::Store(batch) => batch.unit(|pen| write(pen)),
        }
    }

    pub(super) fn commit(self) -> Result<(), Fault> {
        match self {
            Self::Model(transaction) => {
                transaction.commit();
                Ok(())
            }
            Self::Store(batch) => batch.commit(),
        }
    }
}

/// A folder of our own, in memory where there is such a place; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("mainspring-sim-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect(SOUND);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is a few hundred kilobytes in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
