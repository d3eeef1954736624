//! What was applied to a program, in words that a run's record can keep.

use serde::{Deserialize, Serialize};

/// The isolation that holds for one program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are facts on record, independent of each other")]
pub struct Isolation {
    /// The tier, `process`.
    pub tier: String,
    /// Whether the kernel ends the tree with its PID namespace.
    pub pid_namespace: bool,
    /// Whether the program lives in a user namespace of its own.
    pub user_namespace: bool,
    /// Whether `/proc` shows the program's own processes only.
    pub own_proc: bool,
    /// Whether root's rights were cut down to those of a container. False also where the program is not root.
    pub capabilities_dropped: bool,
    /// How folders were hidden.
    pub hiding: Hiding,
    /// How the program was confined to its own places; `None` where that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confinement: Option<Confinement>,
    /// Who holds the memory limit.
    pub memory: Enforcement,
    /// Who holds the limit on processes.
    pub processes: Enforcement,
    /// What was asked for or is usual and could not be applied, each with its reason.
    pub missing: Vec<String>,
}

/// How folders are kept from a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hiding {
    /// Nothing was to be hidden.
    NotAsked,
    /// Empty folders are mounted over them.
    Mounts,
    /// Landlock refuses them. New entries beside them, in their parents, are refused too.
    Landlock,
    /// They are visible.
    None,
}

/// How a program is confined to its own places.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// Its root folder holds nothing else, and Landlock refuses what is not listed.
    Both,
    /// Its root folder holds nothing else.
    Mounts,
    /// Landlock refuses what is not listed, except for the attributes of files. There are no Unix sockets, inside or
    /// outside, but pairs.
    Landlock,
}

/// Who holds a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// There is no limit.
    NotAsked,
    /// A cgroup, for the whole tree.
    Cgroup,
    /// A resource limit: memory by address space of each process, processes by user within the user namespace.
    ResourceLimit,
    /// Nobody.
    None,
}
