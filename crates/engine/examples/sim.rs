//! Runs the simulator over many seeds on every core; ends with 1 and the command to repeat at the first failure.
//!
//! ```text
//! cargo run --release -p mainspring-engine --example sim -- --seeds 100000 [--from S] [--store]
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

use mainspring_engine::sim::{Failure, Ledgers, Report, run};

const USAGE: &str = "usage: sim --seeds N [--from S] [--store]";

/// Which seeds, over what.
struct Asked {
    from: u64,
    seeds: u64,
    ledgers: Ledgers,
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
            println!("{}", summary(&asked, &report, seconds));
            ExitCode::SUCCESS
        }
        Some(failure) => {
            let store = if failure.ledgers == Ledgers::Store { " --store" } else { "" };
            println!("{failure}\nrepeat it: cargo xtask sim --seeds 1 --from {}{store}", failure.seed);
            ExitCode::FAILURE
        }
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked { from: 0, seeds: 1_000, ledgers: Ledgers::Model };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => asked.seeds = words.next()?.parse().ok()?,
            "--from" => asked.from = words.next()?.parse().ok()?,
            "--store" => asked.ledgers = Ledgers::Store,
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
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let lived = run(seed, asked.ledgers);
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

fn summary(asked: &Asked, report: &Report, seconds: f64) -> String {
    let runs = report.completed + report.failed + report.cancelled;
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = asked.seeds as f64 / seconds;
    format!(
        "{} seeds over {:?} in {seconds:.1} s ({rate:.0} a second), every law held\n\
         {} actions, {} batches, {} entries, {} mishaps, {} crashes ({} in recovery)\n\
         {runs} runs: {} completed, {} failed, {} cancelled",
        asked.seeds,
        asked.ledgers,
        report.actions,
        report.batches,
        report.entries,
        report.faults,
        report.crashes,
        report.refused_recoveries,
        report.completed,
        report.failed,
        report.cancelled,
    )
}
