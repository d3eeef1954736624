//! An agent's files as a version: their hash, and a snapshot of them that no later edit changes.
//!
//! The hash covers relative paths, contents, the executable bit, link targets and which file the agent is read from.
//! Environments, caches and version control are left out. A snapshot is written apart, synced and then renamed to its
//! hash, which is that of the bytes copied: a file edited meanwhile gives another hash, never a wrong snapshot.

mod copy;
mod walk;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use mainspring_types::{Code, Hash, Problem};

use copy::Sink;

/// The most files and folders of a version.
pub const FILES_MAX: usize = 10_000;
/// The most bytes of a version.
pub const BYTES_MAX: u64 = 200_000_000;

/// What a snapshot being written is called; one that its process left behind may be deleted.
pub const STAGING_PREFIX: &str = ".staging-";

/// A folder that holds a file of this name is a data folder of ours, and never part of a version.
pub const DATA_MARKER: &str = ".mainspring-data";

/// The files that make up an agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) root: &'a Path,
    /// The file the agent is read from, in the root.
    pub(crate) entry: &'a str,
    pub(crate) scope: Scope,
}

/// How much of the folder belongs to the agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    Folder,
    /// What Python could import from beside the entry: modules, and packages with all they hold.
    Modules,
    /// A program may lie in any folder: its neighbours are none of its business.
    EntryAlone,
}

/// An agent's files as they were at one time, in a folder of their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The hash of the files.
    pub hash: Hash,
    /// The folder that holds them.
    pub folder: PathBuf,
    /// What to read the agent from again, in that folder.
    pub entry: PathBuf,
}

/// The hash the files have now.
pub(crate) fn hash(source: &Source<'_>) -> Result<Hash, Problem> {
    copy::copy(source, &Sink::Nowhere)
}

/// Copies the files to `into/HASH`; when that exists already nothing is copied.
pub(crate) fn materialise(source: &Source<'_>, into: &Path) -> Result<Snapshot, Problem> {
    let snapshot = |hash: Hash| {
        let folder = into.join(hash.to_hex());
        Snapshot { hash, entry: folder.join(source.entry), folder }
    };
    let known = snapshot(hash(source)?);
    if known.folder.is_dir() {
        return Ok(known);
    }
    let staging = stage(into).map_err(|error| unwritable(into, &error))?;
    if source.scope == Scope::Folder && is_within(&staging, source.root) {
        let _ = fs::remove_dir_all(&staging);
        let message = format!("snapshots cannot go to `{}`, which is in the agent's folder", into.display());
        return Err(Problem::new(Code::InvalidTree, message).suggest("choose a data folder outside it"));
    }
    let kept = copy::copy(source, &Sink::Durable(&staging)).and_then(|hash| {
        let copied = snapshot(hash);
        publish(&staging, &copied.folder, into).map_err(|error| unwritable(into, &error))?;
        Ok(copied)
    });
    if kept.is_err() {
        // What cannot be deleted now is recognised by its name later.
        let _ = fs::remove_dir_all(&staging);
    }
    kept
}

/// Copies a snapshot to `to`, where an agent may write; `to` must not exist. Nothing is synced: it can be made again.
pub fn copy_working(snapshot: &Path, to: &Path) -> Result<(), Problem> {
    fs::create_dir(to).map_err(|error| unwritable(to, &error))?;
    copy::copy(&Source { root: snapshot, entry: "", scope: Scope::Folder }, &Sink::Working(to)).map(drop)
}

/// Whether `folder` would be walked as part of `root`.
fn is_within(folder: &Path, root: &Path) -> bool {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let between = || folder.ancestors().take_while(|above| *above != root);
    folder.starts_with(root) && !between().any(|above| above.join(DATA_MARKER).exists())
}

fn stage(into: &Path) -> io::Result<PathBuf> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    fs::create_dir_all(into)?;
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let staging = into.join(format!("{STAGING_PREFIX}{}-{number}", std::process::id()));
    if staging.exists() {
        // Left by an earlier process of the same number.
        fs::remove_dir_all(&staging)?;
    }
    fs::create_dir(&staging)?;
    Ok(staging)
}

/// Gives a synced folder its final name; another writer of the same bytes may have been first.
fn publish(staging: &Path, folder: &Path, into: &Path) -> io::Result<()> {
    match fs::rename(staging, folder) {
        Err(_) if folder.is_dir() => fs::remove_dir_all(staging)?,
        renamed => renamed?,
    }
    fs::File::open(into)?.sync_all()
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::DataInaccessible,
    };
    Problem::new(code, format!("copy the agent's files to `{}`: {error}", path.display()))
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Code::InvalidTree, format!("read the agent's file `{}`: {error}", path.display()))
}
