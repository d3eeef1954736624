//! Starting programs: what this machine gives is found out once, then each start gets all of it.

mod enclosure;
mod explain;
mod plan;
mod probe;
mod report;
mod stdin;

use std::{
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{io::AsyncWriteExt, io::BufReader, process::Command};
use tokio_util::task::TaskTracker;

use crate::{
    cgroup::{Place, next_name},
    child::{Child, Leaves, Started},
    error::StartError,
    finding::Finding,
    spec::{Limits, Spec},
    wire::{self, Event, Landlock, Means, Stdin, Tree, handover},
};

/// Starts programs with the best isolation this machine gives.
#[derive(Clone)]
pub struct Launcher {
    exe: PathBuf,
    means: Means,
    memory: Result<Place, String>,
    pids: Result<Place, String>,
    /// Mounts that agents must not write to.
    frozen: Vec<PathBuf>,
    /// Those who stay with what was started until nothing of it is left.
    watches: TaskTracker,
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
        probe::launcher(supervisor)
    }

    /// Does without a facility, as if the machine did not have it.
    #[must_use]
    pub fn without(mut self, facility: Facility) -> Self {
        match facility {
            Facility::Namespaces => {
                self.means.tree = Tree::Subreaper;
                self.means.obstacles = vec![NOT_USED.into()];
                self.means.root = Err(NOT_USED.into());
            }
            Facility::Cgroups => {
                self.memory = Err(NOT_USED.into());
                self.pids = Err(NOT_USED.into());
            }
            Facility::Landlock => self.means.landlock = Landlock::Missing,
        }
        self
    }

    /// What this machine gives, part by part.
    pub fn findings(&self) -> Vec<Finding> {
        report::findings(self)
    }

    /// The same launcher, whose [`none_left`](Self::none_left) knows only of what it starts itself.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { watches: TaskTracker::new(), ..self.clone() }
    }

    /// Waits until the kernel has nothing left of what was started, by this launcher and its clones.
    ///
    /// A [`Child`] that is dropped takes its tree with it, but not at once: this is how a caller that dropped some can
    /// tell when they are gone.
    pub async fn none_left(&self) {
        self.watches.close();
        self.watches.wait().await;
    }

    /// Starts a program; returns once it runs. One whose start nobody waits for any more is killed.
    pub async fn start(&self, spec: Spec) -> Result<Child, StartError> {
        let isolation = plan::isolation(self, &spec)?;
        plan::insist(&spec, &isolation)?;
        let (theirs, ours) = stdin::ends(&spec.stdin)?;
        let program = plan::program(&spec, theirs)?;
        let name = next_name();
        let leaves = self.make_leaves(&name, &spec.limits)?;
        let order = plan::order(self, &spec, &isolation, &leaves.0)?;
        let (mut started, mut lifeline) = self.supervise(leaves)?;
        let watches = self.watches.clone();
        // In a task of its own: a start that is dropped midway would leave a tree that nobody watches.
        let start = self.watches.spawn(async move {
            // A supervisor that ends early closes the socket and says why; its word counts, not the broken pipe.
            let _ = lifeline.write_all(&wire::encode(&order, &program)).await;
            let _ = match &program.stdin {
                Stdin::Null => Ok(()),
                Stdin::Bytes(bytes) => lifeline.write_all(bytes).await,
                Stdin::Pipe(end) => handover::give(&lifeline, end).await,
            };
            match started.event().await {
                Some(Event::Started) => Ok(Child::new(started, ours, isolation, lifeline, &watches)),
                Some(Event::Failed(fault)) => {
                    started.until_gone().await;
                    Err(explain::explain(fault, &spec))
                }
                _ => {
                    drop(lifeline);
                    started.until_gone().await;
                    Err(StartError::SupervisorLost)
                }
            }
        });
        // It does not panic; it is gone only with the runtime, and the supervisor with it.
        start.await.unwrap_or(Err(StartError::SupervisorLost))
    }

    fn make_leaves(&self, name: &str, limits: &Limits) -> Result<Leaves, StartError> {
        let mut leaves = Leaves(Vec::new());
        // Memory is counted even without a limit; processes are not.
        let pids = self.pids.iter().filter(|_| limits.processes.is_some());
        for place in self.memory.iter().chain(pids) {
            let doing = "make a cgroup with its limits".to_owned();
            let leaf = place.make(name, limits).map_err(|source| StartError::Confine { doing, source })?;
            // On v2 both controllers share a group; joining it twice would only cost time.
            if !leaves.0.iter().any(|made| made.is(&leaf)) {
                leaves.0.push(leaf);
            }
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
