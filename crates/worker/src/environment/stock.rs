//! The environments that are there: listing them, and removing those that nobody uses.

use std::{fs, path::PathBuf, time::Duration};

use mainspring_types::{ByteSize, Problem, Timestamp};

use super::{
    build::wipe,
    fault::fault,
    key::Key,
    layout::Layout,
    lock::{Lock, Mode},
    record::Record,
    weight::weigh,
};

/// An environment as it lies on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its name.
    pub key: Key,
    /// What state it is in.
    pub state: State,
    /// What it takes on disk.
    pub size: ByteSize,
    /// When it was completed.
    pub created: Option<Timestamp>,
    /// When it was last handed out.
    pub last_used: Timestamp,
    /// The interpreter it was made of.
    pub interpreter: Option<PathBuf>,
    /// That interpreter's version, such as `3.11.7`.
    pub python: Option<String>,
    /// What is installed, as `name version`.
    pub packages: Vec<String>,
}

/// What state an environment is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Complete, and nobody uses it.
    Ready,
    /// Complete, and somebody uses it.
    InUse,
    /// Being built.
    Building,
    /// What a killed builder left; the next one wipes it.
    Torn,
}

/// Which environments to remove. One that is in use or being built always stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prune {
    /// All.
    All,
    /// Those last used longer ago than this.
    OlderThan(Duration),
}

/// The environments that are there, by name.
pub(super) fn list(layout: &Layout) -> Result<Vec<Entry>, Problem> {
    keys(layout)?.into_iter().map(|key| Ok(look(layout, key)?.0)).collect()
}

/// Removes environments, and returns those that were removed.
pub(super) fn prune(layout: &Layout, which: Prune, now: Timestamp) -> Result<Vec<Entry>, Problem> {
    let mut removed = Vec::new();
    for key in keys(layout)? {
        let (entry, lock) = look(layout, key)?;
        let due = match which {
            Prune::All => true,
            Prune::OlderThan(age) => now.since(entry.last_used) > age,
        };
        let (true, Some(lock)) = (due, lock) else { continue };
        wipe(layout.home(&entry.key).path())?;
        lock.remove().map_err(fault("remove the lock of", layout.home(&entry.key).path()))?;
        removed.push(entry);
    }
    Ok(removed)
}

fn keys(layout: &Layout) -> Result<Vec<Key>, Problem> {
    if !layout.0.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&layout.0).map_err(fault("list", &layout.0))?;
    let mut keys: Vec<_> =
        entries.flatten().filter_map(|entry| Key::read(entry.file_name().to_str()?)).collect();
    keys.sort();
    Ok(keys)
}

/// What lies there, and its lock when nobody else holds it.
fn look(layout: &Layout, key: Key) -> Result<(Entry, Option<Lock>), Problem> {
    let home = layout.home(&key);
    let lock = Lock::try_take(&layout.lock(&key), Mode::Exclusive).map_err(fault("lock", home.path()))?;
    let record = Record::read(home.path());
    let state = match (&record, &lock) {
        (Some(_), Some(_)) => State::Ready,
        (Some(_), None) => State::InUse,
        (None, Some(_)) => State::Torn,
        (None, None) => State::Building,
    };
    let size = record.as_ref().map_or_else(|| weigh(home.path()), |record| record.size);
    let last_used = Record::last_used(home.path());
    let (created, interpreter, python, packages) = record.map_or_else(Default::default, |record| {
        (Some(record.created), Some(record.interpreter), Some(record.python), record.packages)
    });
    Ok((Entry { key, state, size, created, last_used, interpreter, python, packages }, lock))
}
