//! `dev`: the server, built from the sources, on a data folder below `target` so that nobody's own is touched.

use crate::{
    step::{Failure, run as run_step},
    workspace::cargo,
};

/// Builds and serves until interrupted.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let server = ["run", "--package=mainspring-cli", "--", "serve", "--data=target/dev"];
    run_step("serve", cargo(server).args(arguments))
}
