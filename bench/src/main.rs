//! Benchmarks: each is a ratio between the product and a ceiling, measured in one run on one machine.
//!
//! `mainspring-bench NAME [--json] [--rounds N] [--seconds S]`. Figures go to standard error for people and, with
//! `--json`, to standard output as one object. Exit code 0: the gates hold, or the benchmark has none; 1: a gate was
//! missed; 2: bad arguments; 3: inconclusive, since other processes took over a fifth of the machine.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is what a benchmark is for")]

mod agent_loop;
mod agents;
mod board;
mod ceiling;
mod contest;
mod effects;
mod figure;
mod footprint;
mod gates;
mod gateway;
mod load;
mod measure;
mod memory;
mod mouthpiece;
mod options;
mod peer;
mod product;
mod report;
mod scratch;
mod spawns;
mod w1;
mod w4;

use std::process::ExitCode;

use crate::{options::Options, report::Verdict};

const USAGE: &str = "usage: cargo xtask bench NAME [--json] [--rounds N] [--seconds S]

  w1          runs of ten durable steps, beside a bare group-commit journal
  w1-process  the same with one process a run that answers on a socket
  w1-effects  one process a run that makes ten model calls through the gateway
  w1-spawn    one sandboxed process a step, beside bare spawns
  gateway     a journaled model call, beside a bare proxy
  w4          journaled streams of a thousand tokens, beside a bare server of events
  loop        a step of the default runtime, beside its model and tool call made barely
  gates       500 sessions parked at gates, and how soon one goes on once answered
  footprint   cold start, memory, disk, and ten thousand paused runs

N rounds (5), in each of which every point is measured for S seconds (2).";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    match name.as_str() {
        // This binary is started again as the supervisor of a sandbox, and as the processes that are measured.
        "supervise" => mainspring_sandbox::supervise(),
        "answer" => mouthpiece::answer(),
        "call" => effects::call(words),
        "peer" => return peer::entered(words),
        "footprint-helper" => return footprint::entered_as_helper(words),
        "w1" => return measured(w1::run, words),
        "w1-process" => return measured(mouthpiece::run, words),
        "w1-effects" => return measured(effects::run, words),
        "w1-spawn" => return measured(spawns::run, words),
        "gateway" => return measured(gateway::run, words),
        "w4" => return measured(w4::run, words),
        "loop" => return measured(agent_loop::run, words),
        "gates" => return measured(gates::run, words),
        "footprint" => return measured(footprint::run, words),
        "-h" | "--help" => println!("{USAGE}"),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn measured(benchmark: fn(Options) -> Verdict, words: impl Iterator<Item = String>) -> ExitCode {
    match Options::parse(words).map(benchmark) {
        Ok(Verdict::Held) => ExitCode::SUCCESS,
        Ok(Verdict::Missed) => ExitCode::FAILURE,
        Ok(Verdict::Inconclusive) => ExitCode::from(3),
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}
