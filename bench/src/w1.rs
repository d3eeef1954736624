//! W1: runs of ten durable steps of 1 KB each, beside a bare group-commit journal.

use std::{sync::LazyLock, time::Duration};

use serde::Serialize;

use crate::{
    Options,
    ceiling::Journal,
    measure::Sample,
    product::{Instantly, Product},
    report::{Gate, Verdict, judge, median, spread},
};

/// Steps of a run.
pub(crate) const STEPS: usize = 10;

/// What each step makes: 1 KB.
pub(crate) static PAYLOAD: LazyLock<String> = LazyLock::new(|| "x".repeat(1022));

const CONCURRENCIES: [usize; 3] = [1, 8, 64];

#[derive(Serialize)]
struct Report {
    product: Vec<Sample>,
    ceiling: Vec<Sample>,
    gates: Vec<Gate>,
    others: f64,
    path: &'static str,
}

/// Measures both in interleaved rounds and judges the gates.
pub(crate) fn run(options: Options) -> Verdict {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let rounds = runtime.block_on(rounds(options));
    let (product, ceiling): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    let of = |rounds: &[Vec<Sample>], at: usize| -> Vec<Sample> { rounds.iter().map(|round| round[at]).collect() };
    let medians = |rounds: &[Vec<Sample>]| -> Vec<Sample> {
        (0..CONCURRENCIES.len()).map(|at| median(&of(rounds, at))).collect()
    };
    for (at, concurrency) in CONCURRENCIES.iter().enumerate() {
        for (who, rounds) in [("product", &product), ("ceiling", &ceiling)] {
            let samples = of(rounds, at);
            let steps: Vec<f64> = samples.iter().map(|sample| sample.steps_per_s).collect();
            let is = median(&samples);
            eprintln!(
                "{who} at {concurrency:>2}: {:>7.0} steps/s (spread {:.0} %), {:.3} CPU ms/run, p50 {:.2} ms, p99 {:.2} ms",
                is.steps_per_s,
                spread(&steps) * 100.0,
                is.cpu_ms_per_run,
                is.p50_ms,
                is.p99_ms,
            );
        }
    }
    let others = median(&product.iter().chain(&ceiling).flatten().copied().collect::<Vec<_>>()).others;
    let report = Report {
        gates: gates(&medians(&product), &medians(&ceiling)),
        product: medians(&product),
        ceiling: medians(&ceiling),
        others,
        path: "engine, store with fsync, worker protocol and worker; without HTTP and without a process",
    };
    if options.json {
        println!("{}", serde_json::to_string(&report).expect("plain data"));
    }
    judge(&report.gates, report.others)
}

fn gates(product: &[Sample], ceiling: &[Sample]) -> Vec<Gate> {
    let ratio = |at: usize, figure: fn(&Sample) -> f64| figure(&product[at]) / figure(&ceiling[at]);
    vec![
        Gate::at_least("steps/s of the ceiling at 64", ratio(2, |s| s.steps_per_s), 0.45),
        Gate::at_most("CPU per run of the ceiling at 64", ratio(2, |s| s.cpu_ms_per_run), 3.5),
        Gate::at_most("p50 of the ceiling at 1", ratio(0, |s| s.p50_ms), 2.4),
    ]
}

async fn rounds(options: Options) -> Vec<(Vec<Sample>, Vec<Sample>)> {
    let length = Duration::from_secs_f64(options.seconds);
    let mut rounds = Vec::new();
    for round in 0..options.rounds {
        eprintln!("round {} of {}", round + 1, options.rounds);
        let mut samples = (Vec::new(), Vec::new());
        for concurrency in CONCURRENCIES {
            let folder = tempfile::tempdir().expect("a folder");
            let journal = Journal::open(folder.path());
            samples.1.push(journal.measure(concurrency, length).await);
            journal.close();
            let product = Product::start(folder.path(), std::sync::Arc::new(Instantly)).await;
            samples.0.push(product.measure(concurrency, length).await);
            product.stop().await;
        }
        rounds.push(samples);
    }
    rounds
}
