//! Starting programs: what this machine gives is found out once, then each start gets all of it.

mod plan;
mod report;

use std::{
    io::{Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    process::Stdio,
};

use mainspring_types::nearest;
use tokio::{io::AsyncWriteExt, io::BufReader, process::Command};

use crate::{
    cgroup::{Controller, Leaf, Place, next_name},
    child::{Child, Leaves, Started},
    error::{StartError, cause},
    finding::Finding,
    spec::{Limits, Spec},
    wire::{self, Event, Fault, Means, Order, Privileges, Program, Stage, Tree},
};

/// Starts programs with the best isolation this machine gives.
#[derive(Clone)]
pub struct Launcher {
    exe: PathBuf,
    means: Means,
    memory: Result<Place, String>,
    pids: Result<Place, String>,
}

/// A part of the kernel that a launcher can be told not to use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Facility {
    /// PID, mount and user namespaces.
    Namespaces,
    /// Control groups.
    Cgroups,
    /// Landlock.
    Landlock,
}

const NOT_USED: &str = "switched off";

impl Launcher {
    /// Tries what this machine gives, for some milliseconds, and removes what dead servers left in its cgroups.
    ///
    /// `supervisor` is the program whose verb `supervise` calls [`supervise`](crate::supervise). A supervisor that
    /// cannot be run is found by the first start, and by [`findings`](Self::findings).
    pub fn probe(supervisor: PathBuf) -> Self {
        let mut memory = Place::find(Controller::Memory);
        let mut pids = Place::find(Controller::Pids);
        [&memory, &pids].into_iter().flatten().for_each(Place::remove_leftovers);
        let name = next_name();
        let leaves: Vec<Leaf> = [&memory, &pids]
            .into_iter()
            .flatten()
            .filter_map(|place| place.make(&name, &Limits::default()).ok())
            .collect();
        let means = ask(&supervisor, leaves.clone()).unwrap_or_else(Means::none);
        leaves.iter().for_each(Leaf::remove);
        let mut refusals = means.cgroups.iter();
        for place in [&mut memory, &mut pids] {
            if place.is_ok()
                && let Some(refusal) = refusals.next().cloned().unwrap_or(Some("not tried".into()))
            {
                *place = Err(refusal);
            }
        }
        Self { exe: supervisor, means, memory, pids }
    }

    /// Does without a facility, as if the machine did not have it.
    #[must_use]
    pub fn without(mut self, facility: Facility) -> Self {
        match facility {
            Facility::Namespaces => {
                self.means.tree = Tree::Subreaper;
                self.means.obstacles = vec![NOT_USED.into()];
            }
            Facility::Cgroups => {
                self.memory = Err(NOT_USED.into());
                self.pids = Err(NOT_USED.into());
            }
            Facility::Landlock => self.means.landlock = false,
        }
        self
    }

    /// What this machine gives, part by part.
    pub fn findings(&self) -> Vec<Finding> {
        report::findings(self)
    }

    /// Starts a program; returns once it runs.
    pub async fn start(&self, spec: Spec) -> Result<Child, StartError> {
        let isolation = plan::isolation(self, &spec);
        plan::insist(&spec, &isolation)?;
        let program = plan::program(&spec)?;
        let name = next_name();
        let leaves = self.make_leaves(&name, &spec.limits)?;
        let order = plan::order(self, &spec, &isolation, &leaves.0)?;
        let (mut started, mut lifeline) = self.supervise(leaves)?;
        // A supervisor that ends early closes the socket and says why; its word counts, not the broken pipe.
        let _ = lifeline.write_all(&wire::encode(&order, &program)).await;
        let _ = lifeline.write_all(program.stdin.as_deref().unwrap_or_default()).await;
        match started.event().await {
            Some(Event::Started) => Ok(Child::new(started, isolation, lifeline)),
            Some(Event::Failed(fault)) => {
                started.until_gone().await;
                Err(explain(fault, &spec))
            }
            _ => {
                drop(lifeline);
                started.until_gone().await;
                Err(StartError::SupervisorLost)
            }
        }
    }

    fn make_leaves(&self, name: &str, limits: &Limits) -> Result<Leaves, StartError> {
        let mut leaves = Leaves(Vec::new());
        // Memory is counted even without a limit; processes are not.
        let pids = self.pids.iter().filter(|_| limits.processes.is_some());
        for place in self.memory.iter().chain(pids) {
            let leaf = place.make(name, limits);
            leaves.0.push(leaf.map_err(|source| StartError::Confine {
                doing: "make a cgroup with its limits".into(),
                source,
            })?);
        }
        Ok(leaves)
    }

    /// Starts a supervisor that waits for its order.
    fn supervise(&self, leaves: Leaves) -> Result<(Started, tokio::net::unix::OwnedWriteHalf), StartError> {
        let failed = |source| StartError::Supervisor { exe: self.exe.clone(), source };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let (events, lifeline) = tokio::net::UnixStream::from_std(ours).map_err(failed)?.into_split();
        let process = Command::from(supervisor(&self.exe, theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        Ok((Started { process, events: BufReader::new(events), leaves }, lifeline))
    }
}

/// The command of a supervisor on its end of the socket. It inherits nothing else, least of all the environment.
fn supervisor(exe: &Path, socket: UnixStream) -> std::process::Command {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(exe);
    command
        .arg0("mainspring")
        .arg("supervise")
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(socket)));
    command
}

/// Has a supervisor try this machine; or says why it could not be asked.
fn ask(exe: &Path, leaves: Vec<Leaf>) -> Result<Means, String> {
    let silent = || format!("supervisor `{}` did not answer", exe.display());
    let (mut ours, theirs) = UnixStream::pair().map_err(|error| error.to_string())?;
    let mut process = supervisor(exe, theirs)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("supervisor `{}` could not be started: {error}", exe.display()))?;
    let mut answer = String::new();
    let asked = ours
        .write_all(&wire::encode(&Order::Probe(leaves), &Program::default()))
        .and_then(|()| ours.read_to_string(&mut answer));
    let _ = process.wait();
    match asked.ok().and_then(|_| serde_json::from_str(&answer).ok()) {
        Some(Event::Probed(means)) => Ok(means),
        _ => Err(silent()),
    }
}

impl Means {
    fn none(obstacle: String) -> Self {
        Self {
            tree: Tree::Subreaper,
            obstacles: vec![obstacle],
            landlock: false,
            privileges: Privileges::Keep,
            cgroups: Vec::new(),
        }
    }
}

fn explain(fault: Fault, spec: &Spec) -> StartError {
    let name = spec.argv[0].to_string_lossy().into_owned();
    match fault.stage {
        Stage::Confine => StartError::Confine { doing: fault.doing.clone(), source: cause(fault) },
        Stage::Folder => StartError::Folder { folder: spec.cwd.clone(), source: cause(fault) },
        Stage::Program if fault.errno != libc::ENOENT => {
            StartError::NotExecutable { program: name, source: cause(fault) }
        }
        Stage::Program if name.contains('/') => match spec.cwd.join(&name).exists() {
            // The kernel says the same for a script whose interpreter is missing.
            true => StartError::NotExecutable { program: name, source: cause(fault) },
            false => StartError::NotFound { nearest: None, program: name, path: None },
        },
        Stage::Program => {
            let path = spec.env.get("PATH".as_ref() as &std::ffi::OsStr).cloned().unwrap_or_default();
            let known = programs_in(&path);
            let nearest = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
            StartError::NotFound { nearest, program: name, path: Some(path.to_string_lossy().into_owned()) }
        }
    }
}

fn programs_in(path: &std::ffi::OsStr) -> Vec<String> {
    std::env::split_paths(path)
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flat_map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()))
        .collect()
}
