//! Works on attempts with processes: the executor of the product.
//!
//! ```text
//!  copy of the version ──> environment, when it has one ──> program ──> answer ──> folders removed
//!                          (not counted as the step's time)    └─ lines as notes, the last bytes kept
//! ```
//! Promised: a program sees a copy of its version, an environment built for it, and variables that are listed here and
//! nowhere else; what it writes never blocks it and never grows us; when the future of an attempt is ready, nothing of
//! its processes and folders is left. Dropping that future kills the processes at once.

mod assignment;
mod boundary;
mod capture;
mod follow;
mod log;
mod outcome;
mod place;
mod surroundings;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{FutureExt as _, future::FusedFuture as _};
use mainspring_agent::Work;
use mainspring_api::worker::{End, Note, Order, Task};
use mainspring_runtimes::Invocation;
use mainspring_sandbox::{Child, Launcher, StartError};
use mainspring_types::{Code, Problem};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout},
};

use self::{
    assignment::Assignment,
    capture::Capture,
    follow::follow,
    log::{Budget, Content, Lines},
    outcome::{Seen, failed},
    place::Place,
};
use crate::{
    environment::{AllowInstall, Environment, Environments, Progress, Settings, Stage},
    execute::{Control, Execute, Execution, Outcome, Scribe},
};

/// How much of the end of standard output is kept: an answer is no longer than this.
const STDOUT_MAX: usize = 8 * 1024 * 1024;
/// How much of the end of standard error is kept.
const STDERR_MAX: usize = 64 * 1024;
/// How long the streams of a program that is gone may take to end.
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// Where an executor finds versions and makes its folders. All are absolute.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Snapshots, each in a folder named by the digits of its hash.
    pub versions: PathBuf,
    /// Working folders of live attempts. The executor owns it alone.
    pub work: PathBuf,
    /// Environments.
    pub environments: PathBuf,
    /// What no agent may see into, but for its own folders: the data folder.
    pub hidden: Vec<PathBuf>,
}

/// Works on attempts with processes.
pub struct ProcessExecutor {
    folders: Folders,
    launcher: Launcher,
    environments: Environments,
    /// The same environments, for runs whose owner allows install commands of any form.
    unguarded: Environments,
}

impl ProcessExecutor {
    /// An executor on these folders. What an earlier process left in `work` is removed; blocks on the disk.
    pub fn new(folders: Folders, launcher: Launcher, settings: &Settings) -> Result<Self, Problem> {
        clear(&folders.work).map_err(|error| {
            Problem::new(Code::DataInaccessible, format!("clear `{}`: {error}", folders.work.display()))
        })?;
        let with = |allow_install| {
            Environments::new(&folders.environments, Settings { allow_install, ..settings.clone() })
        };
        let (environments, unguarded) = (with(settings.allow_install), with(AllowInstall::Any));
        Ok(Self { folders, launcher, environments, unguarded })
    }

    async fn attempt(&self, task: Task, mut control: Control) -> Outcome {
        let scribe = control.scribe();
        let ready = tokio::select! {
            ready = self.prepare(&task, &scribe) => ready,
            () = told_to_end(&mut control) => return Outcome::of(End::Aborted {}),
        };
        let ready = match ready {
            Ok(ready) => ready,
            Err(problem) => return Outcome::of(failed(problem)),
        };
        let outcome = match self.start(&task, &ready).await {
            Ok(child) => run(child, &ready.assignment, control).await.outcome(&task, &ready.assignment),
            Err(error @ StartError::SupervisorLost) => {
                tracing::warn!(%error, run = %task.ticket.run, step = %task.ticket.step, "an attempt is lost");
                Outcome::of(End::Lost {})
            }
            Err(error) => Outcome::of(failed(error.into())),
        };
        ready.tidy().await;
        outcome
    }

    /// Makes everything that the program needs before it starts.
    async fn prepare(&self, task: &Task, scribe: &Scribe) -> Result<Ready, Problem> {
        let assignment = Assignment::of(task)?;
        let environment = self.environment(&assignment, task, scribe).await?;
        let python = environment.as_ref().map(|environment| environment.python.as_path());
        let invocation = assignment.invocation(task, python)?;
        let place = self.place(task).await?;
        Ok(Ready { assignment, environment, invocation, place })
    }

    async fn environment(
        &self,
        assignment: &Assignment,
        task: &Task,
        scribe: &Scribe,
    ) -> Result<Option<Environment>, Problem> {
        let Some(requirements) = &assignment.requirements else { return Ok(None) };
        let environments = if task.allow_install { &self.unguarded } else { &self.environments };
        let snapshot = self.snapshot(task);
        let built = environments.prepare(requirements, &snapshot, task.version, noting(scribe.clone()));
        built.await.map(Some)
    }

    /// The folders of the attempt. Should nobody wait for them any more, they are removed where they were made.
    async fn place(&self, task: &Task) -> Result<Place, Problem> {
        let (work, snapshot, ticket) = (self.folders.work.clone(), self.snapshot(task), task.ticket.clone());
        spawn_blocking(move || Place::make(&work, &snapshot, &ticket)).await.expect("copying does not panic")
    }

    fn snapshot(&self, task: &Task) -> PathBuf {
        self.folders.versions.join(task.version.to_hex())
    }

    async fn start(&self, task: &Task, ready: &Ready) -> Result<Child, StartError> {
        self.launcher.start(surroundings::spec(ready, task, &self.folders.hidden)).await
    }
}

impl Execute for ProcessExecutor {
    fn execute(&self, task: Task, control: Control) -> Execution<'_> {
        Box::pin(self.attempt(task, control))
    }
}

/// Waits for an order to end: what has not started has nothing to be held for.
async fn told_to_end(control: &mut Control) {
    while matches!(control.order().await, Order::Continue | Order::Hold) {}
}

/// Everything that a program needs before it starts.
struct Ready {
    assignment: Assignment,
    /// Kept until the program has ended: a used environment is not removed.
    environment: Option<Environment>,
    invocation: Invocation,
    place: Place,
}

impl Ready {
    async fn tidy(self) {
        let _ = spawn_blocking(move || drop(self.place)).await;
    }
}

/// Stays with a program to its end and reads what it writes.
async fn run(mut child: Child, assignment: &Assignment, mut control: Control) -> Seen {
    let begun = Instant::now();
    let isolation = serde_json::to_value(child.isolation()).expect("plain data serialises");
    control.progress(Note::Started { isolation });

    let (mut stdout, mut stderr) = captures(&assignment.step.work, &control.scribe());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let isolation = child.isolation().clone();
    let ended = {
        let drained = async { tokio::join!(stdout.drain(out), stderr.drain(err)) }.fuse();
        let ended = follow(&mut child, assignment.step.timeout, &mut control);
        tokio::pin!(drained, ended);
        let ended = loop {
            tokio::select! {
                ended = &mut ended => break ended,
                // A program may close its streams long before it ends.
                _ = &mut drained => {}
            }
        };
        if !drained.is_terminated() {
            let _ = timeout(DRAIN_MAX, drained).await;
        }
        ended
    };
    Seen { ended, isolation, active: begun.elapsed(), stdout, stderr }
}

/// What is kept of both streams. The standard output of a Python agent is its log too; that of a command is its output
/// alone.
fn captures(work: &Work, scribe: &Scribe) -> (Capture, Capture) {
    let lines = |stream, content, budget| Some(Lines::new(scribe.clone(), stream, content, budget));
    let (out, budget) = match work {
        Work::Method { .. } => (lines("stdout", Content::LogAndAnswer, Budget::HALF), Budget::HALF),
        Work::Script { .. } => (lines("stdout", Content::LogOrAnswer, Budget::HALF), Budget::HALF),
        Work::Command { .. } | Work::Converse { .. } => (None, Budget::WHOLE),
    };
    (Capture::new(STDOUT_MAX, out), Capture::new(STDERR_MAX, lines("stderr", Content::Log, budget)))
}

/// Notes the building of an environment; one that is there already is not worth a word.
fn noting(scribe: Scribe) -> impl FnMut(Progress) + Send + 'static {
    let mut is_cold = false;
    move |Progress { stage, message, percent, .. }| {
        let waits = percent.is_none();
        is_cold |= waits || matches!(stage, Stage::Create | Stage::Install | Stage::Check);
        if is_cold {
            scribe.note(Note::Preparing { stage: word(stage).to_owned(), message });
        }
    }
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Interpreter => "interpreter",
        Stage::Create => "create",
        Stage::Install => "install",
        Stage::Check => "check",
        Stage::Ready => "ready",
    }
}

/// Empties the folder of working folders: agents die with their server, so nobody is at home in any of them.
fn clear(work: &Path) -> io::Result<()> {
    fs::create_dir_all(work)?;
    for left in fs::read_dir(work)? {
        fs::remove_dir_all(left?.path())?;
    }
    Ok(())
}
