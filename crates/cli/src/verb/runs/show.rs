//! `mainspring runs show`: one run, whole.

use std::process::ExitCode;

use mainspring_types::Timestamp;

use super::{Which, find};
use crate::{Outcome, connect, context::Context, render};

/// Show one run: its steps, its result or its error
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let run = server.run(id).await?;
    let surface = context.output.out;
    context.output.show(&run, |palette| render::card(&run, Timestamp::now(), palette, surface))?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
