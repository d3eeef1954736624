//! `bench`: one benchmark, optimised. Its exit status is passed on, since *inconclusive* has its own.

use crate::{
    step::{Failure, run as run_step},
    workspace::cargo,
};

/// Runs the benchmark; it reads the arguments itself.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let benchmark = ["run", "--quiet", "--release", "--package=mainspring-bench", "--"];
    run_step("bench", cargo(benchmark).args(arguments))
}
