//! `sim`: the seeded simulator, optimised, over as many seeds as asked for.

use crate::{
    step::{Failure, run as run_step},
    workspace::cargo,
};

/// Runs the simulator; it reads the arguments itself.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let simulator = ["run", "--release", "--package=mainspring-engine", "--example=sim", "--"];
    run_step("simulate", cargo(simulator).args(arguments))
}
