//! Ending a tree without a PID namespace: kill every descendant until none is left.

use std::{collections::HashMap, fs};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitOptions, getpid, kill_process, wait},
};

/// Kills and reaps all descendants of this process, which must be a subreaper.
///
/// Orphans become children of a subreaper, so a child remains as long as any descendant does; one that is forked
/// between the look and the kill is found in the next round.
pub(super) fn descendants() {
    loop {
        match wait(WaitOptions::NOHANG) {
            Err(Errno::CHILD) => return,
            Ok(Some(_)) => continue,
            _ => {}
        }
        for pid in below(getpid()) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::KILL);
        }
        // Interrupted or not, the next round looks again.
        let _ = wait(WaitOptions::empty());
    }
}

fn below(root: Pid) -> Vec<Pid> {
    let mut children: HashMap<Pid, Vec<Pid>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid
            && let Some(parent) = parent_of(pid)
        {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = children.remove(&root).unwrap_or_default();
    let mut seen = 0;
    while let Some(pid) = found.get(seen) {
        let next = children.remove(pid).unwrap_or_default();
        found.extend(next);
        seen += 1;
    }
    found
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; after it come the state and the parent.
    Pid::from_raw(stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?)
}
