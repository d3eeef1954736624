//! `mainspring runs pause` and `resume`: holds a run and lets it go on.

use std::process::ExitCode;

use super::{Which, find};
use crate::{Outcome, connect, context::Context};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

/// What is done to the run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hold {
    /// Nothing more is dispatched.
    Pause,
    /// Dispatching goes on.
    Resume,
}

pub(crate) async fn run(args: &Args, hold: Hold, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let (run, words) = match hold {
        Hold::Pause => {
            (server.client.pause(id).await?, "is paused; a step that is being worked on ends first")
        }
        Hold::Resume => (server.client.resume(id).await?, "goes on"),
    };
    context.output.show(&run, |palette| format!("{} {words}", palette.strong(&id.to_string())))?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
