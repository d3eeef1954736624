//! `mainspring why`: one reason and one way out.

use std::process::ExitCode;

use mainspring_types::{RunId, Timestamp};
use serde::Serialize;

use super::runs::{Which, find};
use crate::{Outcome, connect, context::Context, render};

/// Say in two lines why a run stands as it does, and the way out
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Why {
    run_id: RunId,
    status: &'static str,
    reason: String,
    way_out: String,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let run = server.run(id).await?;
    let (reason, way_out) = render::why(&run, Timestamp::now());
    let why = Why { run_id: id, status: run.status.as_str(), reason, way_out };
    context.output.show(&why, |palette| render::why_lines(run.status, &why.reason, &why.way_out, palette))?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
