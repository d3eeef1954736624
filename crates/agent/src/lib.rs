//! What an agent is: manifests, definitions, versions, and the validation of what it is called with.
//!
//! Everything here is decided from files and values; no process is started and no network is used.

mod requirements;

pub use requirements::{
    InstallCommand, ParsePythonError, PythonRequirement, Requirements, SplitError, split_words,
};
