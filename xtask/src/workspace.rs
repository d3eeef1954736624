//! The checkout this command works on, and `cargo` as run inside it.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

use crate::step::Failure;

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // Asked at run time: a program built in one checkout is taken as fresh in another that shares its target folder.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(manifest).parent().expect("xtask lies one folder below the root").to_owned()
}

/// `cargo` with these arguments, started at the root.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// What `cargo metadata` tells about the workspace and all it depends on.
pub(crate) fn metadata() -> Result<Value, Failure> {
    let mut command = cargo(["metadata", "--format-version=1"]);
    let failed = |why: String| Failure::new(format!("cargo metadata: {why}"), "repeat with `cargo metadata`");
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}
