//! The `mainspring` command.
//!
//! Each verb is one file under [`verb`]. This file reads the command line, starts the async runtime, and turns what a
//! verb ends with into an exit code: 0 ok, 1 run failed, 2 invalid input, 3 not allowed, 4 server error,
//! 5 unreachable, 6 configuration.

#![allow(clippy::result_large_err, reason = "a failure is told to a person, once")]

mod args;
mod attend;
mod connect;
mod context;
mod failure;
mod follow;
mod output;
mod render;
mod spawn;
mod stack;
mod terminal;
mod verb;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use mainspring_types::{Code, Problem};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{args::Cli, context::Context, failure::Failure};

/// How a verb ends: with its exit code, or with problems that decide it.
type Outcome = Result<ExitCode, Failure>;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything that starts a thread: the supervisor forks.
    if verb::supervise::is_asked() {
        verb::supervise::run();
    }
    let cli = Cli::parse();
    let context = Context::new(&cli);
    start(cli, &context).unwrap_or_else(|failure| failure.report(&context.output))
}

fn start(cli: Cli, context: &Context) -> Outcome {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Problem::new(Code::Internal, "start the async runtime").because(&error))?;
    let outcome = runtime.block_on(verb::run(cli.verb, context));
    // What still blocks a thread now serves nobody.
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

/// Takes a signal over from the system, from now on.
fn listen_for(kind: SignalKind) -> Result<Signal, Problem> {
    signal(kind).map_err(|error| Problem::new(Code::Internal, "listen for signals").because(&error))
}
