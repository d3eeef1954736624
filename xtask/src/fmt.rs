//! `fmt`: formats every crate.

use crate::{
    step::{Failure, run as run_step},
    workspace::cargo,
};

/// Formats the workspace in place.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    run_step("format", &mut cargo(["fmt", "--all"]))
}

/// Fails where `run` would change something.
pub(crate) fn check() -> Result<(), Failure> {
    run_step("format", &mut cargo(["fmt", "--all", "--check"]))
}
