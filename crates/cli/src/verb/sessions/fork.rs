//! `mainspring sessions fork`: a new session that begins with the turns of another.

use std::process::ExitCode;

use mainspring_api::session::CreateSession;

use super::Which;
use crate::{Outcome, connect, context::Context, output::count, verb::find};

/// Begin a new conversation with the turns of another, which stays as it is
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Up to and with this turn; all of them unless told otherwise
    #[arg(long, value_name = "N")]
    turn: Option<u32>,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find::session(&server.client, &args.which.session).await?;
    let create = CreateSession { agent: None, fork_of: Some(id), turn: args.turn };
    let fork = server.client.create_session(&create).await?;
    context.output.show(&fork, |palette| {
        let new = fork.session_id;
        let turns = count(u64::from(fork.turns), "turn");
        let way_on = palette.dim(&format!("go on with: mainspring chat --resume {new}"));
        format!("{} begins with {turns} of {id}\n{way_on}", palette.strong(&new.to_string()))
    })?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
