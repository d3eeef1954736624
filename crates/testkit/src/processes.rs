//! Finds and kills the processes that belong to one test, also those that no one is parent of any more.
//!
//! A process belongs to a test when a marker that occurs nowhere else (a run's id, the path of a temporary folder)
//! is in its command line, in its environment or in the path of its working folder. The environment is read as
//! of the start of the program, and only of processes of the same user unless root asks. Zombies have none of the three
//! and are not found: they hold nothing but a line in the process table, which their parent or `init` takes.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    os::unix::ffi::OsStrExt as _,
    process, thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Often enough that a test does not wait for nothing, seldom enough that it does not disturb what it watches.
const POLL: Duration = Duration::from_millis(20);

/// A process as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its command line, with spaces between the arguments.
    pub command: String,
}

impl fmt::Display for Process {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} `{}`", self.pid, self.command)
    }
}

/// All processes now that carry `marker`, except the one that asks.
pub fn marked(marker: &str) -> Vec<Process> {
    assert!(!marker.is_empty(), "an empty marker is in every process");
    let entries = fs::read_dir("/proc").expect("`/proc` is mounted");
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != process::id()).filter_map(|pid| inspect(pid, marker)).collect()
}

/// Panics with the list if a process that carries `marker` is still there after `within`.
pub fn assert_none_left(marker: &str, within: Duration) {
    let deadline = Instant::now() + within;
    loop {
        let left = marked_twice(marker);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "processes left after {within:?}: {}", listed(&left));
        thread::sleep(POLL);
    }
}

/// Sends SIGKILL to one process; an error if there is none of that id.
pub fn kill9(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, Signal::KILL)?)
}

/// Kills every process that carries `marker`, and those that they start meanwhile, and returns how many there were.
pub fn kill9_marked(marker: &str) -> usize {
    let mut killed = BTreeSet::new();
    loop {
        let found = marked_twice(marker);
        if found.is_empty() {
            return killed.len();
        }
        // One that died meanwhile needs no signal, and one that is still dying takes a second without harm.
        killed.extend(found.iter().filter(|process| kill9(process.pid).is_ok()).map(|process| process.pid));
        thread::yield_now();
    }
}

/// Looks again before it says that there are none: the first walk misses a process in the middle of its `exec`, and
/// one whose parent started it and ended during the walk.
fn marked_twice(marker: &str) -> Vec<Process> {
    let found = marked(marker);
    if !found.is_empty() {
        return found;
    }
    thread::sleep(POLL);
    marked(marker)
}

/// The process, if it carries the marker; one that vanishes meanwhile does not.
fn inspect(pid: u32, marker: &str) -> Option<Process> {
    let folder = format!("/proc/{pid}");
    let carries = |bytes: &[u8]| bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
    let environment = fs::read(format!("{folder}/environ")).unwrap_or_default();
    let working_folder = fs::read_link(format!("{folder}/cwd")).unwrap_or_default();
    // Read last: a starting program has its command line before its environment, so it is not found without one.
    let command = fs::read(format!("{folder}/cmdline")).ok()?;
    let found = carries(&environment) || carries(working_folder.as_os_str().as_bytes()) || carries(&command);
    found.then(|| Process { pid, command: words(&command) })
}

fn words(command: &[u8]) -> String {
    String::from_utf8_lossy(command).replace('\0', " ").trim_end().into()
}

fn listed(processes: &[Process]) -> String {
    processes.iter().map(Process::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    /// A sleeping process with the marker in its environment, unique to the test and this process.
    fn sleeper(test: &str) -> (String, Child) {
        let marker = format!("{test}-{}", process::id());
        let child = Command::new("sleep").arg("60").env("MARKER", &marker).spawn().expect("`sleep` starts");
        (marker, child)
    }

    /// Waits for the child's environment, which the kernel sets up a moment after `spawn` returns.
    fn found(marker: &str) -> Vec<Process> {
        std::iter::repeat_with(|| marked(marker)).find(|found| !found.is_empty()).expect("endless")
    }

    #[test]
    fn a_marker_in_the_environment_is_found_until_the_process_is_killed() {
        let (marker, mut child) = sleeper("environment");
        assert_eq!(found(&marker), [Process { pid: child.id(), command: "sleep 60".into() }]);
        kill9(child.id()).expect("it runs");
        assert_none_left(&marker, Duration::from_secs(5));
        child.wait().expect("reaped");
    }

    #[test]
    fn a_working_folder_is_a_marker() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let marker = folder.path().to_str().expect("ASCII");
        let mut child = Command::new("sleep").arg("60").current_dir(&folder).spawn().expect("`sleep` starts");
        found(marker);
        assert_eq!(kill9_marked(marker), 1);
        child.wait().expect("reaped");
    }

    #[test]
    #[should_panic(expected = "`sleep 60`")]
    fn a_process_that_is_left_is_named() {
        struct Reaped(Child);
        impl Drop for Reaped {
            fn drop(&mut self) {
                let _ = self.0.kill();
                let _ = self.0.wait();
            }
        }
        let (marker, child) = sleeper("left");
        let _reaped = Reaped(child);
        found(&marker);
        assert_none_left(&marker, Duration::ZERO);
    }

    #[test]
    fn there_is_no_process_zero() {
        assert_eq!(kill9(0).expect_err("refused").kind(), io::ErrorKind::InvalidInput);
    }
}
