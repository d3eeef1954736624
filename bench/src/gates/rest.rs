//! A process at rest: its memory, its children, and what it does while nothing is to be done.

use std::{fs, thread::sleep, time::Duration};

use crate::{measure::cpu_of, memory};

/// Threads that nobody needs any more end after ten seconds, and what they held is given back then.
const SETTLE: Duration = Duration::from_secs(13);

/// What a process was while it was watched.
pub(super) struct Rest {
    /// The memory that it had written to, in MB.
    pub(super) memory: f64,
    /// The processes that it has.
    pub(super) children: f64,
    /// Milliseconds of processor time for each second.
    pub(super) cpu: f64,
    /// How often one of its threads was woken, for each second.
    pub(super) wakes: f64,
}

/// Watches a process for that long, once it has come to rest.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn rest(pid: u32, watch: Duration) -> Rest {
    let memory = settled(pid);
    let (cpu, wakes) = (cpu_of(pid), switches(pid));
    sleep(watch);
    let each = |amount: f64| amount / watch.as_secs_f64();
    Rest {
        memory,
        children: children(pid) as f64,
        cpu: each(cpu_of(pid).saturating_sub(cpu).as_secs_f64() * 1e3),
        wakes: each(switches(pid).saturating_sub(wakes) as f64),
    }
}

/// The memory that a process has written to, in MB, once it has come to rest.
pub(super) fn settled(pid: u32) -> f64 {
    sleep(SETTLE);
    memory::written_by(pid)
}

fn children(pid: u32) -> usize {
    threads(pid, "children").iter().map(|pids| pids.split_whitespace().count()).sum()
}

/// How often its threads have waited for something.
fn switches(pid: u32) -> u64 {
    let of = |status: &String| {
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    threads(pid, "status").iter().filter_map(of).sum()
}

/// A file of each thread.
fn threads(pid: u32, file: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| fs::read_to_string(thread.path().join(file)).ok()).collect()
}
