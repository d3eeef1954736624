//! `mainspring version`: which program this is.

use std::process::ExitCode;

use serde::Serialize;

use crate::{Outcome, context::Context};

/// Print the version
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Program {
    name: &'static str,
    version: &'static str,
    api: &'static str,
    os: &'static str,
    arch: &'static str,
    kernel: String,
}

pub(crate) fn run(Args {}: &Args, context: &Context) -> Outcome {
    let program = Program {
        name: "mainspring",
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
    };
    context.output.show(&program, |_| format!("{} {}", program.name, program.version))?;
    Ok(ExitCode::SUCCESS)
}
