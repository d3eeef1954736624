//! W1: runs of ten durable steps of 1 KB each, beside a bare group-commit journal.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use crate::{
    Options,
    ceiling::Journal,
    contest::{CONCURRENCIES, Contest, Ratios},
    product::{Instantly, Product},
    report::{Gate, Verdict},
    scratch::scratch,
};

/// Steps of a run.
pub(crate) const STEPS: usize = 10;

/// What each step makes: 1 KB.
pub(crate) static PAYLOAD: LazyLock<String> = LazyLock::new(|| "x".repeat(1022));

/// Measures both in interleaved rounds and judges the gates.
pub(crate) fn run(options: Options) -> Verdict {
    let mut contest = Contest::new(
        "engine, store with fsync, worker protocol and worker; without HTTP and without a process",
    );
    tokio::runtime::Runtime::new().expect("a runtime").block_on(hold(&mut contest, options));
    contest.end(options, gates)
}

fn gates(ratios: &Ratios) -> Vec<Gate> {
    vec![
        Gate::at_least("steps/s of the ceiling at 64", ratios.of(64, |s| s.steps_per_s), 0.45),
        Gate::at_most("CPU per run of the ceiling at 64", ratios.of(64, |s| s.cpu_ms_per_run), 3.5),
        Gate::at_most("p50 of the ceiling at 1", ratios.of(1, |s| s.p50_ms), 2.4),
    ]
}

async fn hold(contest: &mut Contest, options: Options) {
    let length = Duration::from_secs_f64(options.seconds);
    for _ in options.each_round() {
        for (place, concurrency) in CONCURRENCIES.into_iter().enumerate() {
            let folder = scratch();
            let journal = Journal::open(folder.path());
            contest.ceiling.add(place, journal.measure(concurrency, length).await);
            journal.close();
            let product = Product::start(folder.path(), Arc::new(Instantly)).await;
            contest.product.add(place, product.measure(concurrency, length).await);
            product.stop().await;
        }
    }
}
