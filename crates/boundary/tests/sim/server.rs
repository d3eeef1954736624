//! A simulated server: the real driver over the real store, and the batches it writes the way the store's writer does.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use mainspring_core::CancelLevel;
use mainspring_engine::{Assignment, Driver, Message, World};
use mainspring_store::{Fault, Pen, Readers, RunKey, Store, StoreOptions, Submit, Unit};
use mainspring_types::{AttemptNo, RunId, StepId, Timestamp};

/// When every universe begins.
const BEGINNING: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// One thing that goes wrong while a batch is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mishap {
    /// Nothing.
    None,
    /// The last unit is refused when it has written: it is undone, its neighbours are not.
    Refused,
    /// The disk is full at the commit: the batch is undone, the server stays up.
    Full,
    /// The machine stops before the commit.
    DiesBefore,
    /// The machine stops after the commit, before anybody is told.
    DiesAfter,
}

/// How a batch ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Settled {
    /// Whoever asked was told what became of it.
    Told,
    /// The server is gone.
    Died,
}

/// What the driver let go since this was last looked at.
#[derive(Default)]
pub(super) struct Around {
    pub(super) dispatched: Vec<Assignment>,
    pub(super) orders: Vec<(RunId, AttemptNo, Order)>,
    pub(super) finished: Vec<RunId>,
}

/// What the worker of an attempt is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Order {
    /// Stop what it does, and take up what comes next.
    Interrupt,
    /// End it.
    End,
    /// Nothing it says counts any more.
    Abandon,
}

impl World for Around {
    fn dispatch(&mut self, assignment: Assignment) {
        self.dispatched.push(assignment);
    }

    fn abort(&mut self, key: &RunKey, _: &StepId, attempt: AttemptNo, level: CancelLevel) {
        // The agents here are as quick whatever the level.
        let _ = level;
        self.orders.push((key.run, attempt, Order::End));
    }

    fn interrupt(&mut self, key: &RunKey, _: &StepId, attempt: AttemptNo) {
        self.orders.push((key.run, attempt, Order::Interrupt));
    }

    fn hold(&mut self, _: &RunKey) {}

    fn unhold(&mut self, _: &RunKey) {}

    fn release(&mut self, key: &RunKey, _: &StepId, attempt: AttemptNo) {
        self.orders.push((key.run, attempt, Order::Abandon));
    }

    fn finish(&mut self, key: &RunKey) {
        self.finished.push(key.run);
    }

    fn news(&mut self, _: &RunKey, _: u64) {}
}

/// A disk that keeps what is committed.
pub(super) struct Disk {
    // In this order: the database is closed before its folder goes.
    store: Store,
    readers: Readers,
    _folder: Folder,
}

impl Disk {
    pub(super) fn new() -> Self {
        let folder = Folder::make();
        let store = Store::open(&folder.0.join("mainspring.db"), StoreOptions::default()).expect(SOUND);
        let readers = store.readers(1).expect(SOUND);
        Self { store, readers, _folder: folder }
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
        let folder = parent.join(format!("mainspring-agents-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect(SOUND);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is a few megabytes in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One server over all its lives.
pub(super) struct Server {
    disk: Disk,
    driver: Driver<Around>,
    queue: Arc<Mutex<Vec<Message>>>,
    pub(super) now: Timestamp,
}

impl Server {
    pub(super) fn new(disk: Disk) -> Self {
        Self { disk, driver: Driver::new(Around::default()), queue: Arc::default(), now: BEGINNING }
    }

    /// Everything but the disk is gone.
    pub(super) fn begin_anew(&mut self) {
        self.driver = Driver::new(Around::default());
        self.queue = Arc::default();
    }

    pub(super) fn into_disk(self) -> Disk {
        self.disk
    }

    pub(super) fn submit(&self) -> Submit {
        let queue = Arc::clone(&self.queue);
        Arc::new(move |unit| {
            queue.lock().unwrap_or_else(PoisonError::into_inner).push(Message::Unit(unit));
            Ok(())
        })
    }

    pub(super) fn send(&self, message: Message) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    /// When a timer wants to fire next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.driver.due()
    }

    pub(super) fn around(&mut self) -> &mut Around {
        self.driver.world()
    }

    /// What is committed, as the views of the product read it.
    pub(super) fn see<T>(&self, see: impl FnOnce(&Readers) -> Result<T, Fault>) -> T {
        see(&self.disk.readers).expect(SOUND)
    }

    /// What is committed, as the writer reads it.
    pub(super) fn read<T>(&mut self, read: impl FnOnce(&mut Pen<'_>) -> Result<T, Fault>) -> T {
        let mut found = None;
        let mut batch = self.disk.store.begin().expect(SOUND);
        let done = batch.unit(|pen| {
            found = Some(read(pen)?);
            Ok(())
        });
        done.and_then(|()| batch.commit()).expect(SOUND);
        found.expect(SOUND)
    }

    /// Writes what is queued and what has come due, commits, and lets go.
    pub(super) fn settle(&mut self, mishap: Mishap) -> Settled {
        let messages = std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
        let mut units = Vec::new();
        let mut batch = self.disk.store.begin().expect(SOUND);
        let (driver, now, last) = (&mut self.driver, self.now, messages.len());
        for (number, message) in (1..).zip(messages) {
            let refused = mishap == Mishap::Refused && number == last;
            let write = |pen: &mut Pen<'_>| match message {
                Message::Unit(unit) => write_unit(driver, pen, now, (unit, refused), &mut units),
                message => driver.write(pen, now, message),
            };
            batch.unit(write).expect(SOUND);
        }
        if driver.due().is_some_and(|due| due <= now) {
            batch.unit(|pen| driver.wake(pen, now)).expect(SOUND);
        }
        match mishap {
            Mishap::DiesBefore => return Settled::Died,
            Mishap::Full => {
                drop(batch);
                driver.undone(&Fault::Full);
                for unit in units {
                    unit.settled(Err(Fault::Full));
                }
            }
            Mishap::None | Mishap::Refused | Mishap::DiesAfter => {
                batch.commit().expect(SOUND);
                if mishap == Mishap::DiesAfter {
                    return Settled::Died;
                }
                driver.durable();
                for unit in units {
                    unit.settled(Ok(()));
                }
            }
        }
        Settled::Told
    }
}

/// Writes a unit and what it demands, as the embedded engine does.
fn write_unit(
    driver: &mut Driver<Around>,
    pen: &mut Pen<'_>,
    now: Timestamp,
    (mut unit, refused): (Box<dyn Unit>, bool),
    written: &mut Vec<Box<dyn Unit>>,
) -> Result<(), Fault> {
    let done = unit.write(pen, now).and_then(|_| {
        if refused {
            return Err(Fault::Refused { detail: "by the simulator".into() });
        }
        unit.demands().into_iter().try_for_each(|demand| driver.meet(pen, now, demand))
    });
    match done {
        Ok(()) => {
            written.push(unit);
            Ok(())
        }
        Err(fault) => {
            unit.settled(Err(fault.clone()));
            Err(fault)
        }
    }
}

const SOUND: &str = "the disk under the simulator is sound";
