//! `mainspring env list`: the environments that are there.

use std::process::ExitCode;

use mainspring_types::Timestamp;

use super::{Shown, environments, table};
use crate::{Outcome, context::Context};

/// List the environments built for agents
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

pub(super) fn run(Args {}: &Args, context: &Context) -> Outcome {
    let shown: Vec<Shown> = environments(context)?.list()?.into_iter().map(Shown::from).collect();
    context.output.show(&shown, |palette| table(&shown, Timestamp::now(), palette))?;
    Ok(ExitCode::SUCCESS)
}
