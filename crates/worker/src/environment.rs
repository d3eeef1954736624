//! Python environments for package agents: built once for what an agent asks for, kept outside its folder, shared.
//!
//! An environment is named by the hash of everything that decides its content, so two agents that ask for the same get
//! the same one, and an agent that asks for something else gets another. Nothing is ever changed in a complete one.
//!
//! ```text
//! ENVS/<key>/venv        the virtual environment          ENVS/<key>/env.json    what it is; written last
//! ENVS/<key>/src         the agent's tree, when installed ENVS/.locks/<key>      shared by users, exclusive to builders
//! ENVS/.cache            downloads of uv and pip          ENVS/.interpreters.json  what interpreters said they are
//! ```
//! Promised: one builder at a time for each key, among all processes; a builder killed at any moment leaves what the
//! next one mends; a complete environment needs neither the network nor a new process to be handed out again. Left to
//! others: where `ENVS` lies, what an agent may do to its environment while it runs, and when to prune.
//!
//! Without a network, uv installs what its cache holds; pip cannot, because it asks the index about every package.

mod build;
mod cancel;
mod fault;
mod interpreter;
mod key;
mod layout;
mod leash;
mod lock;
mod orphans;
mod plan;
mod process;
mod progress;
mod record;
mod settings;
mod staging;
mod stock;
mod tail;
mod tool;
mod weight;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use mainspring_agent::Requirements;
use mainspring_types::{Code, Hash, Problem, Timestamp};
use tokio::sync::oneshot;

use self::{
    build::Build,
    cancel::{Cancel, Word},
    fault::fault,
    interpreter::{Asking, Interpreter},
    layout::Layout,
    lock::{Lock, Mode},
    plan::Plan,
    progress::Reporter,
    record::Record,
    tool::Tool,
};
pub use self::{
    key::Key,
    progress::{Progress, Stage},
    settings::{AllowInstall, Machine, Settings, ToolChoice},
    stock::{Entry, Prune, State},
};

/// The folder of environments. Cheap to clone; any number of processes may share one folder.
#[derive(Clone, Debug)]
pub struct Environments {
    layout: Layout,
    settings: Arc<Settings>,
}

/// A complete environment. It is not removed while a clone of this value lives.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub key: Key,
    /// The interpreter to start the agent with.
    pub python: PathBuf,
    /// The folder of its programs, to go before all others in `PATH`.
    pub bin: PathBuf,
    _in_use: Arc<Lock>,
}

impl Environments {
    /// The environments in `dir`, which is made when it is first needed.
    pub fn new(dir: &Path, settings: Settings) -> Self {
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        Self { layout: Layout(dir), settings: Arc::new(settings) }
    }

    /// The environment for `requirements` of the agent whose tree, of hash `tree`, lies in `snapshot`.
    ///
    /// Builds it when it is not there, or waits for whoever builds it. Dropping the future cancels: everything that was
    /// started is killed and what was built is removed.
    pub async fn prepare(
        &self,
        requirements: &Requirements,
        snapshot: &Path,
        tree: Hash,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Environment, Problem> {
        let progress = Reporter::new(progress);
        let (waiting, cancel) = cancel::pair().map_err(fault("open a pipe for", &self.layout.0))?;
        let (answer, answered) = oneshot::channel();
        let (ours, requirements, snapshot) = (self.clone(), requirements.clone(), snapshot.to_owned());
        // A thread of its own: the children it starts die with it, and a thread of a pool may end at any time.
        thread::Builder::new()
            .name("environment".to_owned())
            .spawn(move || {
                let work = Work { ours, snapshot, tree, cancel, progress };
                // Nobody takes the answer of cancelled work.
                let _ = answer.send(work.run(&requirements));
            })
            .map_err(fault("start a thread for", &self.layout.0))?;
        let answer = answered.await;
        drop(waiting);
        answer
            .unwrap_or_else(|_| Err(Problem::new(Code::Internal, "the builder of the environment panicked")))
    }

    /// Whether [`prepare`](Self::prepare) would find the environment complete. Starts no process.
    pub fn is_warm(&self, requirements: &Requirements, snapshot: &Path, tree: Hash) -> bool {
        let wanted = self.resolve(requirements, snapshot, tree, &Asking::Forbidden);
        wanted.is_ok_and(|wanted| self.is_complete(&wanted.key))
    }

    /// The environments that are there. Blocks on the disk.
    pub fn list(&self) -> Result<Vec<Entry>, Problem> {
        stock::list(&self.layout)
    }

    /// Removes environments that nobody uses, and returns them. Blocks on the disk.
    ///
    /// What uv and pip downloaded stays, so that they can be built again without the network.
    pub fn prune(&self, which: Prune) -> Result<Vec<Entry>, Problem> {
        stock::prune(&self.layout, which, Timestamp::now())
    }

    fn resolve(
        &self,
        requirements: &Requirements,
        snapshot: &Path,
        tree: Hash,
        asking: &Asking<'_>,
    ) -> Result<Wanted, Problem> {
        let Settings { machine, tool, allow_install, .. } = &*self.settings;
        let plan = Plan::of(requirements, snapshot, *allow_install)?;
        let tool = Tool::find(tool, machine)?;
        let known = self.layout.interpreters();
        let interpreter = interpreter::find(&requirements.python, machine, &known, asking)?;
        let key = Key::of(&plan, &interpreter, &tool, tree);
        Ok(Wanted { key, plan, tool, interpreter })
    }

    fn is_complete(&self, key: &Key) -> bool {
        let home = self.layout.home(key);
        home.python().exists() && Record::read(home.path()).is_some()
    }
}

/// The environment that requirements lead to on this machine.
struct Wanted {
    key: Key,
    plan: Plan,
    tool: Tool,
    interpreter: Interpreter,
}

/// One call of [`Environments::prepare`], on its own thread.
struct Work {
    ours: Environments,
    snapshot: PathBuf,
    tree: Hash,
    cancel: Cancel,
    progress: Reporter,
}

/// How often a lock that is held by another is tried.
const LOCK_EVERY: Duration = Duration::from_millis(20);

impl Work {
    fn run(mut self, requirements: &Requirements) -> Result<Environment, Problem> {
        let dir = &self.ours.layout.0;
        std::fs::create_dir_all(dir).map_err(fault("create", dir))?;
        let asking = Asking::Allowed(&self.cancel);
        let wanted = self.ours.resolve(requirements, &self.snapshot, self.tree, &asking)?;
        self.progress.say(Stage::Interpreter, 5, format!("using {}", wanted.interpreter));
        loop {
            let lock = self.lock(&wanted.key, Mode::Shared)?;
            if self.ours.is_complete(&wanted.key) {
                return self.hand_out(wanted.key, lock);
            }
            drop(lock);
            let _building = self.lock(&wanted.key, Mode::Exclusive)?;
            // Another builder may have been faster between the two locks.
            if !self.ours.is_complete(&wanted.key) {
                self.build(&wanted)?;
            }
        }
    }

    fn build(&mut self, wanted: &Wanted) -> Result<(), Problem> {
        let build = Build {
            layout: &self.ours.layout,
            home: self.ours.layout.home(&wanted.key),
            settings: &self.ours.settings,
            interpreter: &wanted.interpreter,
            tool: &wanted.tool,
            plan: &wanted.plan,
            snapshot: &self.snapshot,
            cancel: &self.cancel,
        };
        build.run(&mut self.progress)
    }

    fn lock(&mut self, key: &Key, mode: Mode) -> Result<Lock, Problem> {
        let path = self.ours.layout.lock(key);
        let take = || Lock::try_take(&path, mode).map_err(fault("lock", &path));
        if let Some(lock) = take()? {
            return Ok(lock);
        }
        self.progress.say(Stage::Interpreter, None, "waiting for another builder of this environment");
        loop {
            if self.cancel.sleep(LOCK_EVERY) == Word::Stop {
                return Err(Problem::new(Code::Cancelled, "waiting for the environment was cancelled"));
            }
            if let Some(lock) = take()? {
                return Ok(lock);
            }
        }
    }

    fn hand_out(&mut self, key: Key, lock: Lock) -> Result<Environment, Problem> {
        let home = self.ours.layout.home(&key);
        Record::touch(home.path()).map_err(fault("note the use of", home.path()))?;
        self.progress.say(Stage::Ready, 100, "the environment is ready");
        Ok(Environment { key, python: home.python(), bin: home.bin(), _in_use: Arc::new(lock) })
    }
}
