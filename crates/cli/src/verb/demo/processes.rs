//! A process and everything below it: found, killed with SIGKILL, and seen to be gone.

use std::{collections::BTreeMap, fs, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

/// A living process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Process {
    /// Its number.
    pub(super) pid: i32,
    /// Its command line, as far as it can be read.
    pub(super) command: String,
}

/// How long the kernel may take to clear away what was killed.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// The process and its descendants, parents first.
pub(super) fn tree(root: i32) -> Vec<Process> {
    let parents = living();
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        tree.extend(parents.iter().filter(|(_, above)| **above == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    tree.retain(|pid| parents.contains_key(pid));
    tree.into_iter().map(|pid| Process { pid, command: command_of(pid) }).collect()
}

/// Kills every process, parents first: a server must not live to see its agent die.
pub(super) fn kill(processes: &[Process]) {
    for pid in processes.iter().filter_map(|process| Pid::from_raw(process.pid)) {
        // What is gone already needs no killing.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// How many of the processes are gone, once all are or the kernel had time enough.
pub(super) async fn gone(processes: &[Process]) -> usize {
    let begun = Instant::now();
    loop {
        let living = living();
        let gone = processes.iter().filter(|process| !living.contains_key(&process.pid)).count();
        if gone == processes.len() || begun.elapsed() > GONE_WITHIN {
            return gone;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Every living process and its parent. One that is dead and only waits to be noticed does not count.
fn living() -> BTreeMap<i32, i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect()
}

/// The parent in a line of `/proc/PID/stat`; `None` for a dead process. The name may hold anything, `)` too.
fn parent(stat: &str) -> Option<i32> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then(|| fields.next()?.parse().ok())?
}

fn command_of(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words =
        bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy).filter(|word| !word.is_empty());
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    words.take(2).filter(|word| !word.starts_with("--")).fold(program, |text, word| format!("{text} {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_nothing() {
        assert_eq!(parent("12 (a) b) S 7 12 12 0"), Some(7));
        assert_eq!(parent("12 (x) Z 7 12 12 0"), None);
    }

    #[tokio::test]
    async fn what_was_killed_is_gone() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep runs");
        let pid = i32::try_from(child.id()).expect("a process number");
        let found = tree(pid);
        assert_eq!(found.len(), 1);
        kill(&found);
        assert_eq!(gone(&found).await, 1);
        child.wait().expect("it ended");
    }
}
