//! What is measured of one interval: work done, latencies, our processor time, and everybody else's.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde::Serialize;

/// One measured interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) concurrency: usize,
    pub(crate) steps_per_s: f64,
    pub(crate) cpu_ms_per_run: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// The share of the machine's processor time that other processes took.
    #[serde(skip)]
    pub(crate) others: f64,
}

/// An interval being measured.
pub(crate) struct Interval {
    began: Instant,
    own: Duration,
    all: Duration,
}

impl Interval {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), own: own_cpu(), all: machine_cpu() }
    }

    /// Ends the interval in which runs of `steps` steps took these times.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn end(self, concurrency: usize, steps: usize, mut latencies: Vec<Duration>) -> Sample {
        let wall = self.began.elapsed().as_secs_f64();
        let own = (own_cpu() - self.own).as_secs_f64();
        let all = machine_cpu().saturating_sub(self.all).as_secs_f64();
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        latencies.sort_unstable();
        let runs = latencies.len().max(1) as f64;
        Sample {
            concurrency,
            steps_per_s: runs * steps as f64 / wall,
            cpu_ms_per_run: own * 1e3 / runs,
            p50_ms: quantile(&latencies, 0.50),
            p99_ms: quantile(&latencies, 0.99),
            others: ((all - own) / (wall * cores)).max(0.0),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index"
)]
fn quantile(sorted: &[Duration], q: f64) -> f64 {
    let place = ((sorted.len() as f64 - 1.0) * q).round().max(0.0) as usize;
    sorted.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
}

/// Processor time of this process and of the children it has waited for.
pub(crate) fn own_cpu() -> Duration {
    // In ticks of 10 ms: an interval is seconds long.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    ticks((11..15).filter_map(|place| fields.get(place)?.parse::<u64>().ok()).sum())
}

/// Processor time of everything on the machine.
fn machine_cpu() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let numbers: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq: all but the two that are waiting; steal is not ours to see.
    ticks([0, 1, 2, 5, 6].iter().filter_map(|place| numbers.get(*place)).sum())
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}
