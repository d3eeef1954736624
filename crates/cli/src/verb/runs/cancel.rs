//! `mainspring runs cancel`: ends a run early.

use std::process::ExitCode;

use clap::ValueEnum;
use mainspring_api::run::{CancelRun, Level};

use super::{Which, find};
use crate::{Outcome, connect, context::Context, render};

/// End a run early
///
/// `interrupt` asks the agent to stop by its own means and kills it after ten seconds, `stop` tells it to end and kills
/// it a second later, `kill` kills it. Of a conversation `interrupt` ends the turn alone, also one that waits for a person
/// or a sub-agent. The runs that it started end with it. A run that has ended keeps its outcome, and
/// the command says which it was. The receipt tells what was stopped, what had finished and what is not known; it is
/// complete once the run has ended, in `mainspring runs show`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// How hard: interrupt, stop or kill; stop unless told otherwise
    #[arg(long, default_value = "stop", hide_possible_values = true, hide_default_value = true)]
    level: Hardness,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// How hard a run is ended.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hardness {
    Interrupt,
    Stop,
    Kill,
}

impl From<Hardness> for Level {
    fn from(hardness: Hardness) -> Self {
        match hardness {
            Hardness::Interrupt => Self::Interrupt,
            Hardness::Stop => Self::Stop,
            Hardness::Kill => Self::Kill,
        }
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let cancel = CancelRun { level: args.level.into(), reason: args.reason };
    let run = server.client.cancel(id, &cancel).await?;
    context.output.show(&run, |palette| {
        let id = palette.strong(&id.to_string());
        let standing = if run.status.is_ended() {
            format!("{id} has ended: {}", run.status.as_str())
        } else {
            format!("{id} is stopping")
        };
        let receipt = run.receipt.as_ref().map(|receipt| render::receipt(receipt, palette));
        [Some(standing), receipt].into_iter().flatten().collect::<Vec<_>>().join("\n")
    })?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
