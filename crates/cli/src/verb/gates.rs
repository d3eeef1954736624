//! `mainspring gates`: what runs wait for a person to decide, in one inbox.

mod answer;
mod list;
mod show;

use clap::Subcommand;

use crate::{Outcome, context::Context};

/// See what waits for a decision, and decide
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    List(list::Args),
    Show(show::Args),
    Approve(answer::Approve),
    Deny(answer::Deny),
    Answer(answer::Answer),
}

/// Which gate.
#[derive(clap::Args, Debug)]
pub(crate) struct Which {
    /// The gate: its id or the beginning of it
    #[arg(value_name = "GATE")]
    pub(crate) gate: String,
}

pub(crate) async fn run(verb: Verb, context: &Context) -> Outcome {
    match verb {
        Verb::List(args) => list::run(args, context).await,
        Verb::Show(args) => show::run(&args, context).await,
        Verb::Approve(args) => answer::approve(args, context).await,
        Verb::Deny(args) => answer::deny(args, context).await,
        Verb::Answer(args) => answer::answer(args, context).await,
    }
}
