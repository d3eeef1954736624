//! Shows what a disk may hold after a power failure, at every point of a SQLite workload.
//!
//! A [`Recorder`] is a SQLite file layer over the ordinary one. The workload runs once, for real, while every
//! write, truncation, sync, creation and deletion goes into a log; afterwards [`Recorder::image_at`] makes up
//! the folder as it may look had the power failed after any of these operations.
//!
//! ```no_run
//! # use std::path::Path;
//! # use mainspring_testkit::power_loss::Recorder;
//! # fn check(_: &Path, _: &[String]) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recorder = Recorder::install("orders");
//! let flags = rusqlite::OpenFlags::default();
//! let journal = rusqlite::Connection::open_with_flags_and_vfs("data/runs.db", flags, recorder.name())?;
//! // ... work, and after each acknowledgement:
//! recorder.mark("run 1 accepted");
//! for cut in 0..recorder.cuts() {
//!     for seed in 0..8 {
//!         let folder = tempfile::tempdir()?;
//!         recorder.image_at(cut, seed, folder.path())?;
//!         check(folder.path(), &recorder.marks_at(cut));
//!     }
//! }
//! # drop(journal);
//! # Ok(())
//! # }
//! ```
//!
//! What is promised about an image:
//!
//! - Whatever a finished sync of a file covered is there.
//! - Each later write is there, missing or torn at sectors of 512 bytes, in any order; a truncation is there or
//!   missing. Under [`Overwrite::Unsafe`] a sector caught by the failure may hold noise, even where its other
//!   bytes were synced before.
//! - A creation or deletion may be undone until the folder was synced, each name by itself. The folder is synced
//!   when SQLite's `unix` layer does so: at the first sync of a journal or WAL it created, and at a deletion that
//!   asks for it. A sync of a file does not make its name durable.
//! - Shared-memory files are never there.
//!
//! A recorder watches one folder, settled by the first file opened; opening a file elsewhere through it fails.
//! Temporary files are not recorded. It sees only what goes through SQLite: blobs beside the database need
//! a seam of their own.

mod disk;
mod log;
mod luck;
#[cfg(test)]
mod tests;
mod vfs;

use std::{collections::BTreeMap, fs, io, path::Path};

use disk::Disk;
use log::SharedLog;
use luck::Luck;

/// Whether a write that the power failure catches leaves the bytes beside it in the same sector alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overwrite {
    /// It does: what SQLite takes for granted on Linux, so this runs exactly the code of production.
    Safe,
    /// It may spoil the whole sector: SQLite is told so, and pads its WAL to sector boundaries.
    Unsafe,
}

/// The record of one workload and the power failures that could have hit it.
#[derive(Debug)]
pub struct Recorder {
    name: String,
    overwrite: Overwrite,
    log: SharedLog,
}

impl Recorder {
    /// Registers the file layer `name` with SQLite, for [`Overwrite::Unsafe`] disks; the name must be new.
    pub fn install(name: &str) -> Recorder {
        Recorder::install_on(name, Overwrite::Unsafe)
    }

    /// Registers the file layer `name` with SQLite, for disks of the given kind; the name must be new.
    ///
    /// The registration lasts as long as the process.
    pub fn install_on(name: &str, overwrite: Overwrite) -> Recorder {
        let log = SharedLog::default();
        vfs::register(name, overwrite, &log);
        Recorder { name: name.into(), overwrite, log }
    }

    /// The name to open connections with, see `Connection::open_with_flags_and_vfs`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Notes that the workload has promised something to its caller, such as a commit.
    pub fn mark(&self, label: impl Into<String>) {
        self.log.lock().mark(label.into());
    }

    /// How many points there are where power may fail: before the first operation and after each.
    pub fn cuts(&self) -> usize {
        self.log.lock().ops().len() + 1
    }

    /// The labels marked before the operation after `cut` began: what an image of `cut` must honour.
    pub fn marks_at(&self, cut: usize) -> Vec<String> {
        self.log.lock().marks_at(cut)
    }

    /// Describes the last operation before `cut`, for the message of a failing test.
    pub fn operation_before(&self, cut: usize) -> String {
        let log = self.log.lock();
        cut.checked_sub(1).map_or_else(|| "nothing".into(), |last| log.ops()[last].to_string())
    }

    /// Writes the files as a disk may hold them after a power failure at `cut` into the empty folder `into`.
    ///
    /// Seed 0 loses all that was not synced, seed 1 keeps it all, any other draws each fate; the same seed gives
    /// the same image.
    pub fn image_at(&self, cut: usize, seed: u64, into: &Path) -> io::Result<()> {
        for (name, bytes) in self.survivors(cut, seed) {
            fs::write(into.join(name), bytes)?;
        }
        Ok(())
    }

    fn survivors(&self, cut: usize, seed: u64) -> BTreeMap<String, Vec<u8>> {
        let log = self.log.lock();
        Disk::after(&log.ops()[..cut]).survivors(self.overwrite, &mut Luck::of(seed, cut))
    }
}
