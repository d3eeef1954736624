//! `mainspring runs`: what was run, what runs, and how to take hold of it.

mod cancel;
mod diverge;
mod effects;
mod events;
mod list;
mod message;
mod pause;
mod raise;
mod show;

use clap::Subcommand;

use crate::{Outcome, context::Context};

pub(crate) use super::find::run as find;

/// List runs, look at one, speak to it, end it or hold it
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    List(list::Args),
    Show(show::Args),
    Events(events::Args),
    Effects(effects::Args),
    Message(message::Args),
    Done(message::DoneArgs),
    Cancel(cancel::Args),
    /// Dispatch nothing more of a run until it is resumed
    ///
    /// A step that is being worked on ends first. Deadlines run on.
    Pause(pause::Args),
    /// Let a paused run go on
    Resume(pause::Args),
    Raise(raise::Args),
    Diverge(diverge::Args),
}

/// Which run.
#[derive(clap::Args, Debug)]
pub(crate) struct Which {
    /// The run: its id or the beginning of it
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
}

pub(crate) async fn run(verb: Verb, context: &Context) -> Outcome {
    match verb {
        Verb::List(args) => list::run(args, context).await,
        Verb::Show(args) => show::run(&args, context).await,
        Verb::Events(args) => events::run(&args, context).await,
        Verb::Effects(args) => effects::run(&args, context).await,
        Verb::Message(args) => message::run(args, context).await,
        Verb::Done(args) => message::done(&args, context).await,
        Verb::Cancel(args) => cancel::run(args, context).await,
        Verb::Pause(args) => pause::run(&args, pause::Hold::Pause, context).await,
        Verb::Resume(args) => pause::run(&args, pause::Hold::Resume, context).await,
        Verb::Raise(args) => raise::run(args, context).await,
        Verb::Diverge(args) => diverge::run(&args, context).await,
    }
}
