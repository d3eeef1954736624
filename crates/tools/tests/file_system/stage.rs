//! A workspace, something outside of it, and calls of tools in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use mainspring_agent::{Glob, Limits};
use mainspring_sandbox::Launcher;
use mainspring_tools::{Ended, Surroundings, file_system, web::Reach};
use serde_json::Value;
use tempfile::TempDir;

// No process is started by these tools.
static LAUNCHER: LazyLock<Launcher> = LazyLock::new(|| Launcher::probe("/bin/true".into()));

/// `workspace/`, and beside it `outside/secret` with the text `secret`.
pub(crate) struct Stage {
    folder: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["workspace", "outside"] {
            fs::create_dir(folder.path().join(name)).expect("the folder is new");
        }
        fs::write(folder.path().join("outside/secret"), "secret").expect("the folder is there");
        Self { folder }
    }

    /// With a file in the workspace.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is below the workspace")).expect("folders can be made");
        fs::write(path, content).expect("the file can be written");
        self
    }

    /// With a symbolic link in the workspace.
    pub(crate) fn link(self, path: &str, target: impl AsRef<Path>) -> Self {
        std::os::unix::fs::symlink(target, self.path(path)).expect("the name is free");
        self
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.workspace().join(path)
    }

    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.folder.path().join("outside").join(path)
    }

    pub(crate) fn content(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("the file can be read")
    }

    /// Calls a tool and awaits how it ends.
    pub(crate) fn call(&self, tool: &str, arguments: &Value) -> Ended {
        call(&self.workspace(), tool, arguments)
    }

    /// What the tool says, which is no complaint.
    pub(crate) fn said(&self, tool: &str, arguments: &Value) -> String {
        match self.call(tool, arguments) {
            Ended::Returned { text, error: false } => text,
            other => panic!("`{tool}` with {arguments} ended otherwise: {other:?}"),
        }
    }

    /// What the tool complains of.
    pub(crate) fn complaint(&self, tool: &str, arguments: &Value) -> String {
        match self.call(tool, arguments) {
            Ended::Returned { text, error: true } => text,
            other => panic!("`{tool}` with {arguments} ended otherwise: {other:?}"),
        }
    }
}

/// The paths that may be read and those that may be written; `None` for all of them.
pub(crate) type Bounds<'a> = (Option<&'a [Glob]>, Option<&'a [Glob]>);

/// Calls a tool in a folder.
pub(crate) fn call(workspace: &Path, tool: &str, arguments: &Value) -> Ended {
    call_within((None, None), workspace, tool, arguments)
}

/// Calls a tool in a folder, where it may read and write some paths alone.
pub(crate) fn call_within(
    (read, write): Bounds<'_>,
    workspace: &Path,
    tool: &str,
    arguments: &Value,
) -> Ended {
    let surroundings = Surroundings {
        workspace,
        home: workspace,
        tmp: workspace,
        agent_folder: workspace,
        hidden: &[],
        launcher: &LAUNCHER,
        limits: &Limits::default(),
        env: &BTreeMap::new(),
        timeout: Duration::from_secs(20),
        idempotency_key: "key",
        read,
        write,
        reach: &Reach::default(),
        hosts: None,
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be built")
        .block_on(file_system::run(tool, arguments, &surroundings))
}
