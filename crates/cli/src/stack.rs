//! The embedded stack, as this command uses it: the one place where server, worker and executor are put together.

use std::sync::Arc;

use mainspring_sandbox::Launcher;
use mainspring_server::{
    config::{Config, Install, Uv},
    data::Folder,
    stack::Stack,
};
use mainspring_types::{Code, Problem};
use mainspring_worker::{
    ConverseExecutor, Execute, Executor, Folders, Ground, ProcessExecutor,
    environment::{AllowInstall, Settings, ToolChoice},
};

/// Whether a stack takes up the work that it finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// It runs what is unfinished.
    TakeUp,
    /// It leaves everything as it is; runs can be looked at and told what to do.
    Leave,
}

impl Work {
    /// What others are told about the owner of the folder.
    pub(crate) const fn doing(self) -> &'static str {
        match self {
            Self::TakeUp => "mainspring run",
            Self::Leave => "a mainspring command",
        }
    }
}

/// Owns the folder and starts everything on it. `doing` tells others who owns it.
pub(crate) async fn start(
    folder: &Folder,
    config: &Config,
    doing: &str,
    work: Work,
) -> Result<Stack, Problem> {
    // Its environment and memory hold the providers' keys: no agent may read them there, and no core may keep them.
    mainspring_sandbox::make_undumpable().map_err(|error| {
        Problem::new(Code::Internal, "keep other processes out of this one").because(&error)
    })?;
    let executor = |folder: &Folder| match work {
        Work::TakeUp => executor(folder, config).map(Some),
        Work::Leave => Ok(None),
    };
    Stack::start(folder, config, doing, executor).await
}

/// What runs agents: processes, supervised by this same program, and conversations with models.
fn executor(folder: &Folder, config: &Config) -> Result<Arc<dyn Execute>, Problem> {
    let supervisor = std::env::current_exe()
        .map_err(|error| Problem::new(Code::Internal, "find this program").because(&error))?;
    let folders = Folders {
        versions: folder.versions(),
        work: folder.work(),
        environments: folder.envs(),
        hidden: vec![folder.root().to_owned()],
    };
    let ground = Ground {
        versions: folder.versions(),
        workspaces: folder.workspaces(),
        hidden: folders.hidden.clone(),
        reach: config.reach.clone(),
    };
    let launcher = Launcher::probe(supervisor);
    let conversations = ConverseExecutor::new(ground, launcher.clone());
    let programs = ProcessExecutor::new(folders, launcher, &settings(config))?;
    Ok(Arc::new(Executor { programs, conversations }))
}

/// How environments are built, by the settings of this folder.
pub(crate) fn settings(config: &Config) -> Settings {
    let mut settings = Settings::from_env();
    settings.cap = config.environment_cap;
    settings.machine.python.clone_from(&config.python);
    settings.tool = match &config.uv {
        Uv::Search => ToolChoice::Auto,
        Uv::At(path) => ToolChoice::Uv(path.clone()),
        Uv::Off => ToolChoice::Pip,
    };
    settings.allow_install = match config.install {
        Install::Known => AllowInstall::Recognised,
        Install::Any => AllowInstall::Any,
    };
    settings
}
