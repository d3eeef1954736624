//! What is measured of one interval: work done, latencies, our processor time, and everybody else's.
//!
//! Processor time is counted by the kernel in ticks of 10 ms and includes that of children, once they are waited for:
//! what starts processes waits for them before a run counts as done.

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
    #[serde(skip)]
    pub(crate) runs: usize,
    /// The share of the machine's processor time that other processes took.
    #[serde(skip)]
    pub(crate) others: f64,
}

/// `concurrency` clients do one run of `steps` steps after the other for `length`.
pub(crate) async fn drive<R: Future<Output = ()> + Send + 'static>(
    (concurrency, steps): (usize, usize),
    length: Duration,
    run: impl Fn() -> R + Clone + Send + 'static,
) -> Sample {
    let interval = Interval::begin();
    let until = Instant::now() + length;
    let clients: Vec<_> = (0..concurrency).map(|_| tokio::spawn(repeat(run.clone(), until))).collect();
    let mut latencies = Vec::new();
    for client in clients {
        latencies.extend(client.await.expect("a client ends"));
    }
    interval.end((concurrency, steps), latencies)
}

async fn repeat<R: Future<Output = ()>>(run: impl Fn() -> R, until: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        run().await;
        latencies.push(began.elapsed());
    }
    latencies
}

/// An interval being measured.
pub(crate) struct Interval {
    began: Instant,
    own: Duration,
    family: Duration,
    all: Duration,
}

impl Interval {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), own: own_cpu(), family: family_cpu(), all: machine_cpu() }
    }

    /// Ends the interval in which runs of `steps` steps took these times.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn end(self, (concurrency, steps): (usize, usize), mut latencies: Vec<Duration>) -> Sample {
        let wall = self.began.elapsed().as_secs_f64();
        let own = own_cpu().saturating_sub(self.own).as_secs_f64();
        latencies.sort_unstable();
        let runs = latencies.len().max(1) as f64;
        Sample {
            concurrency,
            steps_per_s: runs * steps as f64 / wall,
            cpu_ms_per_run: own * 1e3 / runs,
            p50_ms: quantile(&latencies, 0.50),
            p99_ms: quantile(&latencies, 0.99),
            runs: latencies.len(),
            others: self.others(),
        }
    }

    /// The share of the machine that other processes have taken since the beginning.
    #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
    pub(crate) fn others(&self) -> f64 {
        let wall = self.began.elapsed().as_secs_f64();
        let own = family_cpu().saturating_sub(self.family).as_secs_f64();
        let all = machine_cpu().saturating_sub(self.all).as_secs_f64();
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        ((all - own) / (wall * cores)).max(0.0)
    }
}

/// The latency that a share `q` of the sorted ones does not exceed, in milliseconds; 0 of none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index"
)]
pub(crate) fn quantile(sorted: &[Duration], q: f64) -> f64 {
    let place = ((sorted.len() as f64 - 1.0) * q).round().max(0.0) as usize;
    sorted.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
}

/// Processor time of this process and of the children it has waited for.
fn own_cpu() -> Duration {
    spent("self", 11..15)
}

/// Processor time of another process alone.
pub(crate) fn cpu_of(pid: u32) -> Duration {
    spent(&pid.to_string(), 11..13)
}

/// Processor time of this process and of all it has started, also where that still lives: none of it is another's.
fn family_cpu() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let of = |pid: &str| spent(pid, 11..15);
    let children: Duration = children.map(|pids| pids.split_whitespace().map(of).sum::<Duration>()).sum();
    own_cpu() + children
}

/// Four fields: user and system time of a process, then the same of the children it has waited for.
fn spent(process: &str, places: std::ops::Range<usize>) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    ticks(places.filter_map(|place| fields.get(place)?.parse::<u64>().ok()).sum())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_latencies() {
        let latencies: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let at = |q| format!("{:.0}", quantile(&latencies, q));
        assert_eq!([at(0.0), at(0.5), at(0.99), at(1.0)], ["1", "51", "99", "100"]);
        assert_eq!(format!("{:.0}", quantile(&latencies[..1], 0.99)), "1");
        assert_eq!(format!("{:.0}", quantile(&[], 0.5)), "0");
    }

    #[test]
    fn processor_time_of_children_counts_once_they_are_waited_for() {
        let before = own_cpu();
        let mut busy = std::process::Command::new("/bin/sh");
        busy.args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]);
        assert!(busy.status().expect("a shell").success());
        assert!(own_cpu() > before);
        assert!(machine_cpu() >= own_cpu());
    }
}
