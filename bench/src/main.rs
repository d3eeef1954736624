//! Benchmarks: each is a ratio between the product and a ceiling, measured in one run on one machine.
//!
//! `mainspring-bench NAME [--json] [--rounds N] [--seconds S]`. Exit code 0: the gates hold, or the benchmark has
//! none; 1: a gate was missed; 3: inconclusive, since other processes took over a fifth of the machine.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is what a benchmark is for")]

mod ceiling;
mod footprint;
mod measure;
mod mouthpiece;
mod product;
mod report;
mod spawns;
mod w1;

use std::process::ExitCode;

use crate::report::Verdict;

/// What every benchmark is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    json: bool,
    rounds: usize,
    seconds: f64,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    if let Some(code) = entered_as_helper(&name) {
        return code;
    }
    let options = match options(words) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let verdict = match name.as_str() {
        "w1" => w1::run(options),
        "w1-process" => mouthpiece::run(options),
        "w1-spawn" => spawns::run(options),
        "footprint" => footprint::run(options),
        _ => {
            eprintln!("there are: w1, w1-process, w1-spawn, footprint");
            return ExitCode::from(2);
        }
    };
    match verdict {
        Verdict::Held => ExitCode::SUCCESS,
        Verdict::Missed => ExitCode::FAILURE,
        Verdict::Inconclusive => ExitCode::from(3),
    }
}

/// Benchmarks start this binary again: as the supervisor of a sandbox, and as the agent that answers on a socket.
fn entered_as_helper(name: &str) -> Option<ExitCode> {
    match name {
        "supervise" => mainspring_sandbox::supervise(),
        "answer" => {
            mouthpiece::answer();
            Some(ExitCode::SUCCESS)
        }
        _ => None,
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { json: false, rounds: 5, seconds: 2.0 };
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse::<f64>().ok()).filter(|n| *n > 0.0);
        match word.as_str() {
            "--json" => options.json = true,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
            "--rounds" => options.rounds = number().ok_or("--rounds takes a number")? as usize,
            "--seconds" => options.seconds = number().ok_or("--seconds takes a number")?,
            other => return Err(format!("`{other}` is not known; there are --json, --rounds N, --seconds S")),
        }
    }
    Ok(options)
}
