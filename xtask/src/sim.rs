//! `sim`: the seeded simulators, optimised, over as many seeds as asked for: of the engine alone, and of agents with the
//! broker of their tool calls.

use crate::{
    step::{Failure, run as run_step},
    workspace::cargo,
};

/// Runs both simulators; they read the arguments themselves. `--store` is for the engine's: the other knows no model of
/// the store.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let engine = ["run", "--release", "--package=mainspring-engine", "--example=sim", "--"];
    run_step("simulate the engine", cargo(engine).args(arguments))?;
    let agents = ["run", "--release", "--package=mainspring-boundary", "--example=sim_agents", "--"];
    let known = arguments.iter().filter(|argument| *argument != "--store");
    run_step("simulate agents", cargo(agents).args(known))
}
