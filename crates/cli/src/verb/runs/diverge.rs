//! `mainspring runs diverge`: decides for a run whose agent left the recorded path.

use std::process::ExitCode;

use clap::ValueEnum;
use mainspring_api::limit::{Departure, DivergeRun};

use super::{Which, find};
use crate::{Outcome, connect, context::Context};

/// Decide for a run whose agent asks for something other than what is recorded
///
/// `live` lets it go on with new calls, which are paid for; `fail` ends it. It holds for the attempts that are live.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Where it goes: live or fail
    #[arg(value_name = "live|fail", hide_possible_values = true)]
    way: Way,
}

/// Where a run goes.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    Live,
    Fail,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let (policy, words) = match args.way {
        Way::Live => (Departure::Live, "goes on with new calls where its agent leaves the recorded path"),
        Way::Fail => (Departure::Fail, "ends where its agent leaves the recorded path"),
    };
    let run = server.client.diverge(id, &DivergeRun { policy }).await?;
    context.output.show(&run, |palette| format!("{} {words}", palette.strong(&id.to_string())))?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
