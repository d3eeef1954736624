//! `mainspring runs raise`: sets what one run may use in all.

use std::process::ExitCode;

use clap::ValueEnum;
use mainspring_api::limit::{Dollars, Policy, RaiseRun};

use super::{Which, find};
use crate::{Outcome, connect, context::Context, render};

/// Set what a run may use in all; one that is held for its budget goes on at once
///
/// Each limit stands in place of an earlier one and counts from the beginning of the run. One below what is already
/// used lets no further call go.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("limit").required(true).multiple(true).args(["tokens", "cost", "calls"]))]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// How many tokens its model calls may use
    #[arg(long, value_name = "N")]
    tokens: Option<u64>,
    /// How much money they may cost, such as 1.50
    #[arg(long, value_name = "DOLLARS")]
    cost: Option<String>,
    /// How many calls may be sent to a provider, each try for itself
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// What happens at these limits: throttle, suspend or terminate; as before, else suspend
    #[arg(long, value_name = "POLICY", hide_possible_values = true)]
    policy: Option<AtLimit>,
}

/// What happens at a limit.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum AtLimit {
    Throttle,
    Suspend,
    Terminate,
}

impl From<AtLimit> for Policy {
    fn from(policy: AtLimit) -> Self {
        match policy {
            AtLimit::Throttle => Self::Throttle,
            AtLimit::Suspend => Self::Suspend,
            AtLimit::Terminate => Self::Terminate,
        }
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let raise = RaiseRun {
        tokens: args.tokens,
        cost: args.cost.map(Dollars),
        calls: args.calls,
        policy: args.policy.map(Policy::from),
    };
    let run = server.client.raise(id, &raise).await?;
    context.output.show(&run, |palette| render::budget(&run, palette))?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
