//! `mainspring sessions`: conversations that turns and runs share.

mod fork;
mod list;
mod show;

use clap::Subcommand;

use crate::{Outcome, context::Context};

pub(crate) use show::turns;

/// List conversations, read one, or take another way from one of its turns
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    List(list::Args),
    Show(show::Args),
    Fork(fork::Args),
}

/// Which session.
#[derive(clap::Args, Debug)]
pub(crate) struct Which {
    /// The session: its id or the beginning of it
    #[arg(value_name = "SESSION")]
    pub(crate) session: String,
}

pub(crate) async fn run(verb: Verb, context: &Context) -> Outcome {
    match verb {
        Verb::List(args) => list::run(args, context).await,
        Verb::Show(args) => show::run(&args, context).await,
        Verb::Fork(args) => fork::run(&args, context).await,
    }
}
