//! `mainspring env prune`: removes environments that nobody uses.

use std::{process::ExitCode, time::Duration};

use mainspring_types::{ByteSize, parse_duration};
use mainspring_worker::environment::Prune;

use super::{Shown, environments};
use crate::{Outcome, context::Context, output::count};

/// Remove environments that nobody uses; they are built again when they are needed
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// All of them, however lately used
    #[arg(long, conflicts_with = "older_than")]
    all: bool,
    /// Those last used longer ago than this
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = duration)]
    older_than: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let which = if args.all { Prune::All } else { Prune::OlderThan(args.older_than) };
    let removed: Vec<Shown> = environments(context)?.prune(which)?.into_iter().map(Shown::from).collect();
    let size = ByteSize(removed.iter().map(|one| one.size_bytes).sum());
    context.output.show(&removed, |_| match removed.len() {
        0 => "nothing to remove".to_owned(),
        number => format!("removed {}, {size}", count(number as u64, "environment")),
    })?;
    Ok(ExitCode::SUCCESS)
}
