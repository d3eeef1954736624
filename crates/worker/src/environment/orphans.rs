//! Finds and ends what a build left running: processes that outlived a killed builder, or left their group.
//!
//! Every process of a build carries a mark in its environment. A process that wipes its own environment is not found.

use std::{fs, os::unix::ffi::OsStrExt as _, path::Path, thread, time::Duration};

use rustix::process::{Pid, Signal, kill_process};

/// The variable that holds the environment's folder.
pub(super) const MARK: &str = "MAINSPRING_ENVIRONMENT";

/// Kills every process that builds the environment in `folder`, and waits a moment for them to be gone.
///
/// Only the holder of the environment's exclusive lock may ask for it: then whoever still builds is an orphan.
pub(super) fn end(folder: &Path) {
    let mark = [MARK.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    // Again and again: a process may have forked between being listed and being killed.
    for _ in 0..ROUNDS {
        let found = marked(&mark);
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = kill_process(pid, Signal::KILL);
        }
        thread::sleep(ROUND);
    }
    tracing::warn!(folder = %folder.display(), "processes of an abandoned build could not be ended");
}

const ROUNDS: u32 = 100;
const ROUND: Duration = Duration::from_millis(10);

fn marked(mark: &[u8]) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| carries(*pid, mark)).filter_map(Pid::from_raw).collect()
}

fn carries(pid: i32, mark: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|variable| variable == mark)
}
