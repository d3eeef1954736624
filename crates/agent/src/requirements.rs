//! What an agent's environment must contain, as its manifest asks for it.
//!
//! These values are stored with a version and read again for ever: fields are only added. Building the environment,
//! and deciding whether a command may run at all, is left to the environment builder.

mod install;
mod python;
mod words;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use install::InstallCommand;
pub use python::{ParsePythonError, PythonRequirement};
pub use words::{SplitError, split_words};

/// What an agent's environment must contain.
///
/// The first source that is present counts: `commands`, else `packages`, else `requirements_file`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Requirements {
    /// The interpreters that will do.
    #[serde(default)]
    pub python: PythonRequirement,
    /// Packages as PEP 508 requirements, from `dependencies`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// The requirements file that lies in the agent's folder, relative to that folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirements_file: Option<PathBuf>,
    /// The commands of `installation`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<InstallCommand>,
}
