//! `mainspring gates show`: one gate, whole.

use std::process::ExitCode;

use mainspring_types::Timestamp;

use super::Which;
use crate::{Outcome, connect, context::Context, render, verb::find};

/// Show one gate: what is asked, by which rule, and how to answer
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find::gate(&server.client, &args.which.gate).await?;
    let gate = server.client.gate(id).await?;
    context.output.show(&gate, |palette| render::gate(&gate, Timestamp::now(), palette))?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
