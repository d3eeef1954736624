//! `env.json`: what an environment is. It is written last, so an environment without it is not complete.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use mainspring_types::{ByteSize, Timestamp};
use rustix::fs::syncfs;
use serde::{Deserialize, Serialize};

/// What an environment is, for those who list it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// The interpreter it was made of.
    pub(super) interpreter: PathBuf,
    /// The interpreter's version, `3.11.7`.
    pub(super) python: String,
    /// What made it.
    pub(super) tool: String,
    /// The commands that filled it.
    pub(super) commands: Vec<String>,
    /// What is installed, as `name version`.
    pub(super) packages: Vec<String>,
    pub(super) size: ByteSize,
    pub(super) created: Timestamp,
}

const NAME: &str = "env.json";

impl Record {
    /// The record of the environment in `folder`; `None` when it is not complete.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(NAME)).ok()?).ok()
    }

    /// Marks the environment in `folder` as complete. Once this returns, a power cut does not undo it.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let draft = folder.join("env.json.tmp");
        let mut file = File::create(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        // Everything installed first, the mark after: else a power cut could leave the mark on empty files.
        syncfs(&file)?;
        fs::rename(&draft, folder.join(NAME))?;
        File::open(folder)?.sync_all()
    }

    /// Takes the mark away, so that a removal that is cut short leaves an environment that counts as incomplete.
    pub(super) fn remove(folder: &Path) -> io::Result<()> {
        match fs::remove_file(folder.join(NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Notes that the environment in `folder` is used now.
    pub(super) fn touch(folder: &Path) -> io::Result<()> {
        File::options().write(true).open(folder.join(NAME))?.set_modified(SystemTime::now())
    }

    /// When the environment in `folder` was last used, or last changed when it is not complete.
    pub(super) fn last_used(folder: &Path) -> Timestamp {
        let about = fs::metadata(folder.join(NAME)).or_else(|_| fs::metadata(folder));
        let modified = about.and_then(|about| about.modified()).unwrap_or(UNIX_EPOCH);
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(0).after(since)
    }
}
