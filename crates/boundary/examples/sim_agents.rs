//! Lives through the agents of many seeds on every core; ends with 1 and the command to repeat at the first failure.
//!
//! ```text
//! cargo run --release -p mainspring-boundary --example sim_agents -- --seeds 100000 [--from S]
//! ```

#![allow(clippy::print_stdout)]

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

#[path = "../tests/sim/agents.rs"]
mod agents;

use agents::{Failure, Lab, Report};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: sim_agents --seeds N [--from S]";

/// Which seeds.
struct Asked {
    from: u64,
    seeds: u64,
}

fn main() -> ExitCode {
    let Some(asked) = read(std::env::args().skip(1)) else {
        println!("{USAGE}");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let (report, failure) = run_all(&asked);
    let seconds = began.elapsed().as_secs_f64();
    match failure {
        None => {
            #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = asked.seeds as f64 / seconds;
            println!(
                "agents of {} seeds in {seconds:.1} s ({rate:.0} a second), every law held\n{report}",
                asked.seeds
            );
            ExitCode::SUCCESS
        }
        Some(failure) => {
            println!("{failure}\nrepeat it: cargo xtask sim --seeds 1 --from {}", failure.seed);
            ExitCode::FAILURE
        }
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked { from: 0, seeds: 1_000 };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => asked.seeds = words.next()?.parse().ok()?,
            "--from" => asked.from = words.next()?.parse().ok()?,
            _ => return None,
        }
    }
    Some(asked)
}

/// Every core takes the next seed until there are no more or one has failed.
fn run_all(asked: &Asked) -> (Report, Option<Box<Failure>>) {
    let next = AtomicU64::new(asked.from);
    let end = asked.from.saturating_add(asked.seeds);
    let found: Mutex<(Report, Option<Box<Failure>>)> = Mutex::default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut lab = Lab::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let lived = lab.run(seed);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            match lived {
                Ok(report) => found.0 += report,
                Err(failure) => {
                    next.store(end, Ordering::Relaxed);
                    if found.1.as_ref().is_none_or(|earlier| failure.seed < earlier.seed) {
                        found.1 = Some(failure);
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}
