//! What the built-in tools do once they may: run a command, read and write files, fetch a page, run a tool of a manifest.
//!
//! Whether a call may be made is not decided here, nor is anything recorded: the broker did both before. What is
//! promised: a tool stays inside its workspace, leaves no process behind when its future is dropped, and says how it
//! ended in one of three ways, of which only [`Ended::Unknown`] leaves open whether something happened.

pub mod file_system;
pub mod manifest;
mod process;
pub mod python;
pub mod shell;
pub mod web;
mod workspace;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use mainspring_agent::{Glob, Limits};
use mainspring_sandbox::Launcher;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use process::room;
pub use workspace::Workspace;

/// Where one call works, and what it is held to.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The run's own folder: what the tools see and change.
    pub workspace: &'a Path,
    /// Their home folder, and one for what is temporary: beside the workspace, and kept as long.
    pub home: &'a Path,
    /// It is `/tmp` too, where that can be had.
    pub tmp: &'a Path,
    /// The agent's own folder, which programs see and cannot change.
    pub agent_folder: &'a Path,
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
    /// The paths below the workspace that tools on files may read; `None` for all of it.
    pub read: Option<&'a [Glob]>,
    /// Those that they may write.
    pub write: Option<&'a [Glob]>,
    /// The private places that `web_fetch` may reach, since the owner of the server says so.
    pub reach: &'a web::Reach,
    /// The hosts that `web_fetch` may be sent to, also by a redirect; `None` for every public one.
    pub hosts: Option<&'a [Glob]>,
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

/// Carries out one call of a built-in tool.
pub async fn run(tool: &str, arguments: &Value, around: &Surroundings<'_>) -> Ended {
    match tool {
        "shell" => shell::run(arguments, around).await,
        "python" => python::run(arguments, around).await,
        "web_fetch" => web::run(arguments, around).await,
        "read_file" | "write_file" | "edit_file" | "list_files" | "search_files" => {
            file_system::run(tool, arguments, around).await
        }
        _ => {
            Ended::Failed { message: format!("there is no built-in tool `{tool}` that a worker carries out") }
        }
    }
}

/// The arguments as the tool takes them; `Err` is the complaint that they do not fit.
fn fitting<T: DeserializeOwned>(tool: &str, arguments: &Value, takes: &str) -> Result<T, Ended> {
    T::deserialize(arguments).map_err(|error| Ended::Returned {
        text: format!("the arguments of `{tool}` do not fit: {error}; it takes {takes}"),
        error: true,
    })
}
