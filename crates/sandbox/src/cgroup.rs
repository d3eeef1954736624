//! Control groups: where limits on a whole tree are written, and what the kernel counted there.
//!
//! Each start gets a leaf of its own beside the server's own group, so that limits around the server go on to hold for
//! its agents. Both versions are known: on v1 each controller has a hierarchy and a leaf, on v2 the leaves of one start
//! share a folder. A leaf is named after the process that made it, which is how leftovers are told from leaves in use.

mod layout;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use mainspring_types::ByteSize;
use serde::{Deserialize, Serialize};

pub(crate) use layout::{Controller, Version, mounts};

use crate::spec::Limits;

const PREFIX: &str = "mainspring-";
/// Between two tries to remove a group whose last process is just ending.
const MOMENT: Duration = Duration::from_millis(1);

/// Where leaves of one controller can be made.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) controller: Controller,
    pub(crate) version: Version,
    dir: PathBuf,
}

/// One control group of one start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leaf {
    controller: Controller,
    version: Version,
    dir: OsString,
}

impl Place {
    /// The nearest place for a controller where a leaf can really be made and limited.
    pub(crate) fn find(controller: Controller) -> Result<Self, String> {
        let hierarchy = layout::find(controller)?;
        let mut refusal = String::new();
        for dir in hierarchy.candidates() {
            let place = Self { controller, version: hierarchy.version, dir: dir.clone() };
            match place.rehearse() {
                Ok(()) => return Ok(place),
                Err(error) => refusal = format!("{}: {error}", dir.display()),
            }
        }
        Err(refusal)
    }

    fn rehearse(&self) -> io::Result<()> {
        if self.version == Version::V2 {
            self.enable()?;
        }
        let tight = Limits { memory: Some(ByteSize(1 << 30)), processes: Some(64), ..Limits::default() };
        let leaf = self.make(&next_name(), &tight)?;
        leaf.remove();
        Ok(())
    }

    /// Lets the children of a v2 group have the controller.
    fn enable(&self) -> io::Result<()> {
        let control = self.dir.join("cgroup.subtree_control");
        let enabled = fs::read_to_string(&control)?;
        if enabled.split_whitespace().any(|name| name == self.controller.as_str()) {
            return Ok(());
        }
        fs::write(control, format!("+{}", self.controller.as_str()))
    }

    /// Makes the leaf `name` and writes the limits of this controller.
    pub(crate) fn make(&self, name: &str, limits: &Limits) -> io::Result<Leaf> {
        let dir = self.dir.join(name);
        match fs::create_dir(&dir) {
            // The other controller of a v2 leaf has made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.version == Version::V2 => {}
            other => other?,
        }
        let leaf = Leaf { controller: self.controller, version: self.version, dir: dir.into() };
        leaf.limit(limits).inspect_err(|_| leaf.remove())?;
        Ok(leaf)
    }

    /// Removes leaves whose makers are dead. Only empty ones can be.
    pub(crate) fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            if entry
                .file_name()
                .to_str()
                .and_then(maker)
                .is_some_and(|(pid, start)| start_of(pid) != Some(start))
            {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

impl Leaf {
    fn dir(&self) -> &Path {
        Path::new(&self.dir)
    }

    fn limit(&self, limits: &Limits) -> io::Result<()> {
        let write = |file: &str, text: &str| fs::write(self.dir().join(file), text);
        match (self.controller, self.version) {
            (Controller::Pids, _) => {
                limits.processes.map_or(Ok(()), |most| write("pids.max", &most.to_string()))
            }
            (Controller::Memory, version) => {
                let Some(ByteSize(most)) = limits.memory else { return Ok(()) };
                let most = most.to_string();
                match version {
                    Version::V1 => write("memory.limit_in_bytes", &most)
                        .and_then(|()| if_present(write("memory.memsw.limit_in_bytes", &most))),
                    Version::V2 => write("memory.max", &most)
                        .and_then(|()| if_present(write("memory.swap.max", "0")))
                        .and_then(|()| if_present(write("memory.oom.group", "1"))),
                }
            }
        }
    }

    /// The file that moves the single thread which writes `0` into it.
    pub(crate) fn entrance(&self) -> io::Result<fs::File> {
        let file = match self.version {
            // Moving one thread takes no lock on all forks of the machine, which costs milliseconds to get.
            Version::V1 => "tasks",
            Version::V2 => "cgroup.procs",
        };
        fs::OpenOptions::new().write(true).open(self.dir().join(file))
    }

    /// Whether this is the same group.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.dir == other.dir
    }

    /// The most memory held at once, where this leaf counts memory.
    pub(crate) fn peak_memory(&self) -> Option<ByteSize> {
        let file = match (self.controller, self.version) {
            (Controller::Pids, _) => return None,
            (Controller::Memory, Version::V1) => "memory.max_usage_in_bytes",
            (Controller::Memory, Version::V2) => "memory.peak",
        };
        fs::read_to_string(self.dir().join(file)).ok()?.trim().parse().ok().map(ByteSize)
    }

    /// Whether the kernel killed a process here for memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let file = match self.version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        let text = fs::read_to_string(self.dir().join(file)).unwrap_or_default();
        text.lines().filter_map(|line| line.strip_prefix("oom_kill ")).any(|count| count.trim() != "0")
    }

    /// Removes the group, waiting a moment for the last process to leave it.
    pub(crate) fn remove(&self) {
        for _ in 0..50 {
            match fs::remove_dir(self.dir()) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => thread::sleep(MOMENT),
                _ => return,
            }
        }
    }

    /// Removes the group unless a process is in it.
    pub(crate) fn remove_if_empty(&self) {
        let _ = fs::remove_dir(self.dir());
    }
}

/// A file that this kernel does not have is no failure.
fn if_present(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            Ok(())
        }
        other => other,
    }
}

/// A name that no other leaf on this machine has, and that tells who made it: process id, start time, a count.
pub(crate) fn next_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let pid = std::process::id();
    let start = start_of(pid).unwrap_or(0);
    format!("{PREFIX}{pid}.{start}.{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn maker(name: &str) -> Option<(u32, u64)> {
    let mut parts = name.strip_prefix(PREFIX)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// When a process began, in ticks since boot; with the id it names one process for good.
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; after it, the start time is the 20th field.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_living_maker() {
        let (pid, start) = maker(&next_name()).expect("our own form");
        assert_eq!((pid, Some(start)), (std::process::id(), start_of(pid)));
        assert_eq!(maker("system.slice"), None);
    }

    #[test]
    fn only_leaves_of_the_dead_are_removed() {
        let Ok(place) = Place::find(Controller::Pids) else {
            return eprintln!("skipped: no pids cgroup can be made here");
        };
        let mine = place.make(&next_name(), &Limits::default()).expect("a leaf of a living process");
        // No process has this id: it is above the kernel's largest.
        let dead =
            place.make("mainspring-4194305.1.0", &Limits::default()).expect("a leaf of a dead process");
        place.remove_leftovers();
        assert_eq!((mine.dir().exists(), dead.dir().exists()), (true, false));
        mine.remove();
    }
}
