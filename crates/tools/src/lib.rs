//! What the built-in tools do once they may: run a command, read and write files, fetch a page, run a tool of a manifest.
//!
//! Whether a call may be made is not decided here, nor is anything recorded: the broker did both before. What is
//! promised: a tool stays inside its workspace, leaves no process behind when its future is dropped, and says how it
//! ended in one of three ways, of which only [`Ended::Unknown`] leaves open whether something happened.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use mainspring_agent::Limits;
use mainspring_sandbox::Launcher;

/// Where one call works, and what it is held to.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The run's own folder: what the tools see and change.
    pub workspace: &'a std::path::Path,
    /// What no tool may see into, but for the workspace: the data folder.
    pub hidden: &'a [PathBuf],
    /// Starts processes.
    pub launcher: &'a Launcher,
    /// What the kernel holds them to.
    pub limits: &'a Limits,
    /// Variables that the definition gives them.
    pub env: &'a BTreeMap<String, String>,
    /// How long the call may take.
    pub timeout: Duration,
    /// What tells a repetition of this call from another call, for tools that can tell.
    pub idempotency_key: &'a str,
}

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The tool did its work, and this is what it says; `error` when that is a complaint.
    Returned {
        /// What the tool says, whole.
        text: String,
        /// Whether it is a complaint.
        error: bool,
    },
    /// The call was not made, or is known to have changed nothing.
    Failed {
        /// Why.
        message: String,
    },
    /// The call was under way when it broke off: what it did is not known.
    Unknown {
        /// What is known.
        message: String,
    },
}
