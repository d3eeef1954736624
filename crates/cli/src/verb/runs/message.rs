//! `mainspring runs message` and `done`: says something to a run, or that nothing more comes.

use std::process::ExitCode;

use mainspring_api::session::AddMessage;

use super::{Which, find};
use crate::{Outcome, connect, context::Context};

/// Say something to the agent of a run; it hears it with its next turn
///
/// A run that waits for a message goes on at once; one that works takes it up when its turn is over.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// What is said
    #[arg(value_name = "TEXT")]
    text: String,
}

/// Let a conversation end once its agent has answered what was said to it
#[derive(clap::Args, Debug)]
pub(crate) struct DoneArgs {
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let message = AddMessage { text: args.text, images: Vec::new() };
    let added = server.client.message_run(id, &message).await?;
    context.output.show(&added, |palette| {
        format!("{} hears it as message {}", palette.strong(&added.run_id.to_string()), added.message_id)
    })?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn done(args: &DoneArgs, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let run = server.client.done(id).await?;
    context.output.show(&run, |palette| {
        let id = palette.strong(&id.to_string());
        if run.status.is_ended() {
            format!("{id} has ended: {}", run.status.as_str())
        } else {
            format!("{id} ends once it has answered")
        }
    })?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
