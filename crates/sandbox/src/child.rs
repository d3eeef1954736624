//! A running program, as its caller holds it.
//!
//! ```text
//!  running ── main ends, kill, drop ──> ending ── kernel has none of the tree left ──> gone (`Exit` is known)
//! ```

use std::{pin::pin, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    process::{ChildStderr, ChildStdin, ChildStdout},
    sync::watch,
    time::timeout,
};
use tokio_util::task::TaskTracker;

use crate::{
    cgroup::Leaf,
    exit::{Exit, How},
    isolation::Isolation,
    wire::{Control, Event, Usage},
};

/// How long the supervisor may take to end a tree before it is killed itself, and the tree with it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A running program. Dropping it kills the whole tree.
#[derive(Debug)]
pub struct Child {
    /// What it reads, where that is [`Input::Piped`](crate::Input::Piped). Dropping it tells the program the end.
    pub stdin: Option<ChildStdin>,
    /// What it writes. It ends when the whole tree is gone; until it is read, the program waits.
    pub stdout: Option<ChildStdout>,
    /// What it complains of, in the same way.
    pub stderr: Option<ChildStderr>,
    isolation: Isolation,
    exit: watch::Receiver<Option<Exit>>,
    /// `None` once the tree is told to die.
    lifeline: Option<OwnedWriteHalf>,
    supervisor: Supervisor,
}

/// A request to the main program and its process group, which it may ignore.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// End soon: `SIGTERM`.
    Terminate,
    /// Stop what you are doing: `SIGINT`.
    Interrupt,
}

impl Child {
    pub(crate) fn new(
        mut started: Started,
        stdin: Option<ChildStdin>,
        isolation: Isolation,
        lifeline: OwnedWriteHalf,
        watches: &TaskTracker,
    ) -> Self {
        let (stdout, stderr) = (started.process.stdout.take(), started.process.stderr.take());
        let (known, exit) = watch::channel(None);
        let supervisor = Supervisor::of(&started.process);
        watches.spawn(watch_over(started, known));
        Self { stdin, stdout, stderr, isolation, exit, lifeline: Some(lifeline), supervisor }
    }

    /// What was applied to this program.
    pub fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// Waits until nothing of the tree is left. May be called again and be dropped midway.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(known) => known.clone().unwrap_or_else(Exit::lost),
            // The runtime is shutting down; the lifeline goes with it.
            Err(_) => Exit::lost(),
        }
    }

    /// Asks the main program's process group. Does nothing once it has ended.
    pub fn signal(&self, signal: Signal) {
        let control = match signal {
            Signal::Terminate => Control::Terminate,
            Signal::Interrupt => Control::Interrupt,
        };
        if let Some(lifeline) = &self.lifeline {
            // A socket that takes no byte has no reader left, or a thousand signals waiting.
            let _ = lifeline.try_write(&[control as u8]);
        }
    }

    /// Kills the whole tree and returns once the kernel has none of it left.
    pub async fn kill(&mut self) -> Exit {
        drop(self.lifeline.take());
        if let Ok(exit) = timeout(PATIENCE, self.wait()).await {
            return exit;
        }
        self.supervisor.kill();
        self.wait().await
    }
}

/// Stays with a program until nothing of it is left. A tree that nobody holds any more is ended by its supervisor, which
/// is killed when it takes too long.
async fn watch_over(started: Started, known: watch::Sender<Option<Exit>>) {
    let supervisor = Supervisor::of(&started.process);
    let mut gone = pin!(started.until_gone());
    let exit = tokio::select! {
        exit = &mut gone => exit,
        () = known.closed() => {
            if timeout(PATIENCE, &mut gone).await.is_ok() {
                return;
            }
            supervisor.kill();
            gone.await
        }
    };
    // Nobody may be left who wants to know.
    let _ = known.send(Some(exit));
}

/// A handle by which a supervisor that hangs can be killed; the kernel then kills its namespace.
#[derive(Debug)]
struct Supervisor(Option<std::os::fd::OwnedFd>);

impl Supervisor {
    fn of(process: &tokio::process::Child) -> Self {
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        let pid = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self(pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()))
    }

    fn kill(&self) {
        if let Some(handle) = &self.0 {
            // It may have ended by itself.
            let _ = rustix::process::pidfd_send_signal(handle, rustix::process::Signal::KILL);
        }
    }
}

/// A supervisor that has its order, and the events it sends.
pub(crate) struct Started {
    pub(crate) process: tokio::process::Child,
    pub(crate) events: BufReader<OwnedReadHalf>,
    pub(crate) leaves: Leaves,
}

impl Started {
    /// The next event, or `None` when the supervisor is gone.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        let mut line = String::new();
        match self.events.read_line(&mut line).await {
            Ok(1..) => serde_json::from_str(&line).ok(),
            _ => None,
        }
    }

    /// Reads to the last event and reaps the supervisor.
    pub(crate) async fn until_gone(mut self) -> Exit {
        let mut how = How::Lost;
        let mut usage = None;
        while let Some(event) = self.event().await {
            match event {
                Event::Ended(ended) => how = ended,
                Event::Gone(used) => usage = Some(used),
                Event::Started | Event::Failed(_) | Event::Probed(_) => {}
            }
        }
        let _ = self.process.wait().await;
        if usage.is_none() {
            self.leaves.outlive().await;
        }
        Exit::of(how, usage.unwrap_or_default())
    }
}

/// The cgroups of one start. The supervisor removes them; this makes up for one that was killed.
pub(crate) struct Leaves(pub(crate) Vec<Leaf>);

impl Leaves {
    /// Waits for the end of a tree that the kernel is killing without its supervisor, and removes the groups.
    async fn outlive(&mut self) {
        let leaves = std::mem::take(&mut self.0);
        // The pool is gone only when the runtime is; then the next server cleans up.
        let _ = tokio::task::spawn_blocking(move || leaves.iter().for_each(Leaf::remove)).await;
    }
}

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.iter().for_each(Leaf::remove_if_empty);
    }
}

impl Exit {
    fn of(how: How, usage: Usage) -> Self {
        Self { how, peak_memory: usage.peak_memory, cpu: usage.cpu, out_of_memory: usage.out_of_memory }
    }

    fn lost() -> Self {
        Self::of(How::Lost, Usage::default())
    }
}
