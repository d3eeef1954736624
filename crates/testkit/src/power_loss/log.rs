//! The log of file operations: what was asked of the disk, in order, with the workload's marks between.
//!
//! It knows which file a name stands for at each moment, and leaves to [`super::disk`] what of it survives.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One file's content, apart from the name it has; a file created anew under an old name is another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Inode(pub usize);

/// One change of a file's bytes.
#[derive(Debug)]
pub(super) enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { size: usize },
}

/// One operation that the disk carried out.
#[derive(Debug)]
pub(super) enum Op {
    /// A file older than the recording: all of it is durable.
    Find {
        name: String,
        inode: Inode,
        bytes: Vec<u8>,
    },
    Create {
        name: String,
        inode: Inode,
    },
    Delete {
        name: String,
    },
    Change {
        inode: Inode,
        change: Change,
    },
    Sync {
        inode: Inode,
    },
    SyncFolder,
}

impl fmt::Display for Op {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Find { name, inode, .. } => write!(out, "find `{name}` as file {}", inode.0),
            Op::Create { name, inode } => write!(out, "create `{name}` as file {}", inode.0),
            Op::Delete { name } => write!(out, "delete `{name}`"),
            Op::Change { inode, change: Change::Write { offset, bytes } } => {
                write!(out, "write file {} at {offset}, {} bytes", inode.0, bytes.len())
            }
            Op::Change { inode, change: Change::Truncate { size } } => {
                write!(out, "truncate file {} to {size} bytes", inode.0)
            }
            Op::Sync { inode } => write!(out, "sync file {}", inode.0),
            Op::SyncFolder => write!(out, "sync the folder"),
        }
    }
}

/// The file lies outside the folder that the recorder watches.
#[derive(Debug)]
pub(super) struct Elsewhere;

/// All operations so far, and the marks between them.
#[derive(Debug, Default)]
pub(super) struct Log {
    ops: Vec<Op>,
    /// Each label with the number of operations before it.
    marks: Vec<(usize, String)>,
    folder: Option<PathBuf>,
    present: BTreeMap<String, Inode>,
    inodes: usize,
}

impl Log {
    pub(super) fn ops(&self) -> &[Op] {
        &self.ops
    }

    pub(super) fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    pub(super) fn mark(&mut self, label: String) {
        self.marks.push((self.ops.len(), label));
    }

    pub(super) fn marks_at(&self, cut: usize) -> Vec<String> {
        self.marks.iter().filter(|(before, _)| *before <= cut).map(|(_, label)| label.clone()).collect()
    }

    /// Takes note of what lies at `path`, which is about to be opened.
    pub(super) fn look(&mut self, path: &Path) -> Result<(), Elsewhere> {
        let name = self.name_of(path)?;
        if !path.exists() {
            self.present.remove(&name);
        } else if !self.present.contains_key(&name) {
            // Closing this handle would drop SQLite's locks on the file, but no connection has it open yet.
            let bytes = fs::read(path).unwrap_or_default();
            let inode = self.introduce(&name);
            self.push(Op::Find { name, inode, bytes });
        }
        Ok(())
    }

    /// The file at `path`, which was just opened after a [`look`](Self::look); a creation if there was none.
    pub(super) fn open(&mut self, path: &Path) -> Result<Inode, Elsewhere> {
        let name = self.name_of(path)?;
        if let Some(inode) = self.present.get(&name) {
            return Ok(*inode);
        }
        let inode = self.introduce(&name);
        self.push(Op::Create { name, inode });
        Ok(inode)
    }

    /// Records that the file at `path` is gone.
    pub(super) fn delete(&mut self, path: &Path) -> Result<(), Elsewhere> {
        let name = self.name_of(path)?;
        self.present.remove(&name);
        self.push(Op::Delete { name });
        Ok(())
    }

    fn introduce(&mut self, name: &str) -> Inode {
        let inode = Inode(self.inodes);
        self.inodes += 1;
        self.present.insert(name.into(), inode);
        inode
    }

    /// The file's name in the watched folder, which the first path settles.
    fn name_of(&mut self, path: &Path) -> Result<String, Elsewhere> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(Elsewhere) };
        let watched = self.folder.get_or_insert_with(|| folder.to_path_buf());
        if watched == folder { Ok(name.to_string_lossy().into_owned()) } else { Err(Elsewhere) }
    }
}

/// A log that the test and SQLite's threads write together.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedLog(Arc<Mutex<Log>>);

impl SharedLog {
    /// Hold it while the operation itself runs, so that the log's order is the disk's.
    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
