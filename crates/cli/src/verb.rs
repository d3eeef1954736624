//! The verbs, one file each.

pub(crate) mod agents;
pub(crate) mod chat;
pub(crate) mod completion;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod find;
pub(crate) mod gates;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod supervise;
pub(crate) mod version;
pub(crate) mod why;

use crate::{Outcome, args::Verb, context::Context};

/// Does what was asked.
pub(crate) async fn run(verb: Verb, context: &Context) -> Outcome {
    match verb {
        Verb::Demo(args) => demo::run(&args, context).await,
        Verb::Run(args) => run::run(&args, context).await,
        Verb::Chat(args) => chat::run(&args, context).await,
        Verb::Runs(verb) => runs::run(verb, context).await,
        Verb::Gates(verb) => gates::run(verb, context).await,
        Verb::Sessions(verb) => sessions::run(verb, context).await,
        Verb::Why(args) => why::run(&args, context).await,
        Verb::Serve(args) => serve::run(&args, context).await,
        Verb::Agents(verb) => agents::run(&verb, context),
        Verb::Env(verb) => env::run(&verb, context),
        Verb::Doctor(args) => doctor::run(&args, context).await,
        Verb::Completion(args) => Ok(completion::run(&args)),
        Verb::Version(args) => version::run(&args, context),
    }
}
