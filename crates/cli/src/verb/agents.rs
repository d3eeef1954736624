//! `mainspring agents`: what an agent is, read from its files alone.

mod info;
mod validate;

use std::path::PathBuf;

use clap::Subcommand;
use mainspring_agent::Description;
use mainspring_types::Problem;

use crate::{
    Outcome,
    context::Context,
    output::{Palette, Tone},
};

/// Check an agent's files, or say what it is and takes
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    Validate(validate::Args),
    Info(info::Args),
}

/// Which agent.
#[derive(clap::Args, Debug)]
pub(crate) struct Which {
    /// A folder with a manifest, a definition file or a program
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
}

pub(crate) fn run(verb: &Verb, context: &Context) -> Outcome {
    match verb {
        Verb::Validate(args) => validate::run(args, context),
        Verb::Info(args) => info::run(args, context),
    }
}

/// What kind of agent it is, as a person calls it.
fn shape(agent: &Description) -> &str {
    // What a model is held to is told in lines; nothing else has any.
    if agent.lines.is_empty() { &agent.shape } else { "model agent" }
}

/// A warning in one line, with its place and its way out.
fn warning(problem: &Problem, palette: Palette) -> String {
    let place = problem.location.as_ref().map_or(String::new(), |location| format!(" at {location}"));
    let hint = problem.suggestion.as_ref().map_or(String::new(), |hint| format!("; {hint}"));
    format!("  {} {}{}{hint}\n", palette.paint(Tone::Warn, "!"), problem.message, palette.dim(&place))
}
