//! What candidates answered, kept on disk between processes.
//!
//! An answer holds while the candidate, and the interpreter it led to, are unchanged. The file is a cache: whatever
//! cannot be read or written is asked again.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Answer, Asking, Interpreter, ask};

/// Tells whether a file is still the one that was asked.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    changed_s: i64,
    changed_ns: i64,
    size: u64,
}

impl Stamp {
    /// The stamp of the file at `path`, behind links; `None` when there is none.
    fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { changed_s: about.mtime(), changed_ns: about.mtime_nsec(), size: about.len() })
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    candidate: Stamp,
    /// `None`: it is no interpreter we can use.
    led_to: Option<(Stamp, Interpreter)>,
}

/// The answers of every candidate that was asked.
#[derive(Default)]
pub(super) struct Answers {
    entries: BTreeMap<PathBuf, Entry>,
    state: State,
}

#[derive(Default, PartialEq, Eq)]
enum State {
    #[default]
    AsRead,
    Added,
}

impl Answers {
    pub(super) fn read(path: &Path) -> Self {
        let entries = fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { entries: entries.unwrap_or_default(), state: State::AsRead }
    }

    /// Writes what was added; best effort.
    pub(super) fn write(&self, path: &Path) {
        let Ok(text) = serde_json::to_vec(&self.entries) else { return };
        let draft = path.with_extension(format!("{}.tmp", std::process::id()));
        if self.state == State::Added && fs::write(&draft, text).is_ok() {
            let _ = fs::rename(&draft, path);
        }
    }

    /// What the candidate is, asking it when it was never asked and that is allowed.
    pub(super) fn get_or_ask(&mut self, candidate: PathBuf, asking: &Asking<'_>) -> Asked {
        let Some(stamp) = Stamp::of(&candidate) else { return Asked::Nothing };
        if let Some(entry) = self.entries.get(&candidate).filter(|entry| entry.holds(stamp)) {
            return Asked::from(entry);
        }
        let Asking::Allowed(cancel) = asking else { return Asked::Unknown };
        let led_to = match ask(&candidate, cancel) {
            Answer::Is(interpreter) => Stamp::of(&interpreter.path).map(|stamp| (stamp, interpreter)),
            Answer::Unusable => None,
            // Not kept: it may answer next time.
            Answer::None => return Asked::Nothing,
        };
        let entry = Entry { candidate: stamp, led_to };
        let asked = Asked::from(&entry);
        self.entries.insert(candidate, entry);
        self.state = State::Added;
        asked
    }
}

/// What is known of a candidate.
pub(super) enum Asked {
    /// An interpreter.
    Is(Interpreter),
    /// Nothing we can use.
    Nothing,
    /// It was never asked and may not be asked now.
    Unknown,
}

impl From<&Entry> for Asked {
    fn from(entry: &Entry) -> Self {
        entry.led_to.as_ref().map_or(Self::Nothing, |(_, interpreter)| Self::Is(interpreter.clone()))
    }
}

impl Entry {
    fn holds(&self, candidate: Stamp) -> bool {
        let there =
            |(stamp, interpreter): &(Stamp, Interpreter)| Stamp::of(&interpreter.path) == Some(*stamp);
        self.candidate == candidate && self.led_to.as_ref().is_none_or(there)
    }
}
