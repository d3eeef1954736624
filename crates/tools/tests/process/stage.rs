//! What the tests share: a run's folders in a data folder, an agent's folder, and a look at the process table.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, Instant},
};

use mainspring_agent::Limits;
use mainspring_sandbox::Launcher;
use mainspring_tools::{Ended, Surroundings, Workspace, web::Reach};
use serde_json::{Value, json};

/// Where a call works.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    pub(crate) workspace: Workspace,
    pub(crate) limits: Limits,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) timeout: Duration,
    hidden: Vec<PathBuf>,
    agent: PathBuf,
    reach: Reach,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let workspace = Workspace::open(&data.join("runs/one"), None).expect("a workspace");
        fs::write(data.join("secret"), "a key").expect("a file");
        let agent = data.join("agents/one");
        fs::create_dir_all(&agent).expect("a folder");
        Self {
            workspace,
            agent,
            hidden: vec![data],
            folder,
            limits: Limits::default(),
            env: BTreeMap::new(),
            timeout: Duration::from_mins(1),
            reach: Reach::default(),
        }
    }

    pub(crate) fn around(&self) -> Surroundings<'_> {
        static LAUNCHER: LazyLock<Launcher> =
            LazyLock::new(|| Launcher::probe(env!("CARGO_BIN_EXE_mainspring-supervise-tools").into()));
        Surroundings {
            workspace: self.workspace.files(),
            home: self.workspace.home(),
            tmp: self.workspace.tmp(),
            agent_folder: &self.agent,
            hidden: &self.hidden,
            launcher: &LAUNCHER,
            limits: &self.limits,
            env: &self.env,
            timeout: self.timeout,
            idempotency_key: "key-1",
            read: None,
            write: None,
            reach: &self.reach,
            hosts: None,
        }
    }

    /// A path outside everything that the tools were given.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file into the agent's folder.
    pub(crate) fn provide(&self, name: &str, text: &str) {
        fs::write(self.agent.join(name), text).expect("a file");
    }

    pub(crate) async fn sh(&self, command: &str) -> Ended {
        self.call("shell", json!({ "command": command })).await
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Ended {
        mainspring_tools::run(tool, &arguments, &self.around()).await
    }
}

pub(crate) fn says(text: &str) -> Ended {
    Ended::Returned { text: text.into(), error: false }
}

pub(crate) fn complains(text: &str) -> Ended {
    Ended::Returned { text: text.into(), error: true }
}

/// Ids of living processes with `marker` among their arguments.
pub(crate) fn marked(marker: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let arguments = |path: PathBuf| fs::read(path.join("cmdline")).unwrap_or_default();
    entries
        .filter(|entry| String::from_utf8_lossy(&arguments(entry.path())).contains(marker))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Waits until processes with the marker are there, or none are; nothing reports either.
pub(crate) async fn until_marked(marker: &str, wanted: usize) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while (wanted == 0) != marked(marker).is_empty() || marked(marker).len() < wanted {
        assert!(Instant::now() < deadline, "alive: {:?}, wanted: {wanted}", marked(marker));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn unique(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
