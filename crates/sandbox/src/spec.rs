//! What to start: the program, its surroundings and its limits, as the caller wants them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::PathBuf,
    time::Duration,
};

use mainspring_types::ByteSize;
use serde::{Deserialize, Serialize};

/// One program to be started.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// The program and its arguments. A name without `/` is looked up in the `PATH` of `env`.
    pub argv: Vec<OsString>,
    /// The folder it starts in.
    pub cwd: PathBuf,
    /// Its whole environment; nothing is added and nothing is inherited.
    pub env: BTreeMap<OsString, OsString>,
    /// What it reads on its standard input.
    pub stdin: Input,
    /// What the kernel holds it to.
    pub limits: Limits,
    /// Folders it must not see into, such as the server's data folder.
    pub hidden: Vec<PathBuf>,
    /// Exceptions below the hidden folders.
    pub visible: Vec<Visible>,
    /// What it is confined to. Where this cannot be had, the start is refused.
    pub confined: Option<Confined>,
    /// Whether its complaints are kept apart from what it says.
    pub output: Output,
    /// What must be had; where one cannot, the start is refused instead of weakened.
    pub required: BTreeSet<Need>,
}

/// The standard input of a program. Its end follows the last byte.
#[derive(Clone, Debug, Default)]
pub enum Input {
    /// Nothing.
    #[default]
    Null,
    /// These bytes, as a file in memory.
    Bytes(Vec<u8>),
    /// What the caller writes to [`Child::stdin`](crate::Child::stdin), until the caller drops it.
    Piped,
}

/// Where the complaints of a program go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// To [`Child::stderr`](crate::Child::stderr).
    #[default]
    Apart,
    /// To [`Child::stdout`](crate::Child::stdout), between what it says, in the order in which both are written.
    Together,
}

/// What a confined program sees and changes, besides what any program needs: programs and libraries, `/etc`, devices
/// such as `/dev/null`, and `/proc`, all of which it cannot change.
///
/// The listed places are exceptions from the hidden folders. They must exist, and `/` is none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Confined {
    /// Files and folders that it reads and executes, also below those that it writes.
    pub read: Vec<PathBuf>,
    /// Files and folders that it changes too.
    pub write: Vec<PathBuf>,
    /// The folder that it finds as `/tmp`; an empty one in memory where this is `None`. Where Landlock alone confines,
    /// `/tmp` is out of reach and this folder has its own name only.
    pub tmp: Option<PathBuf>,
}

/// Limits on one program and all it starts. `None` is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Memory of the whole tree; of each process, where there is no memory cgroup.
    pub memory: Option<ByteSize>,
    /// Processes and threads of the whole tree at once.
    pub processes: Option<u32>,
    /// Open files of each process.
    pub open_files: Option<u64>,
    /// The size of each file it writes.
    pub file_size: Option<ByteSize>,
    /// Processor time of each process, in whole seconds; a part of one counts as one.
    pub cpu_time: Option<Duration>,
}

/// A place below a hidden folder that stays visible.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Visible {
    /// A file or folder that exists.
    pub path: PathBuf,
    /// Whether it may be changed.
    pub access: Access,
}

/// What may be done with a visible place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Read and executed.
    Read,
    /// Read, executed and changed.
    Write,
}

/// A part of the isolation that a caller may insist on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Need {
    /// A PID namespace: no process of the tree can outlive it.
    PidNamespace,
    /// A memory limit on the whole tree.
    Memory,
    /// A limit on the number of processes.
    Processes,
    /// Hidden folders that are unreadable.
    Hiding,
}
