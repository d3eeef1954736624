//! A workspace, and a server in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use mainspring_agent::{McpServer, Transport};
use mainspring_mcp::{Call, Listing, Outcome, Servers};
use mainspring_sandbox::{Confined, Launcher, Spec};
use mainspring_types::Problem;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long a server that does not answer is waited for.
pub(crate) const SHORT: Duration = Duration::from_secs(2);

/// Nothing here takes that long unless it hangs.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// What the server is given to keep.
const SECRET: &str = "correct-horse-battery-staple";

/// A workspace with one server, `s`.
pub(crate) struct Stage {
    pub(crate) workspace: TempDir,
    pub(crate) servers: Servers,
}

impl Stage {
    /// The server that misbehaves.
    pub(crate) fn hostile(mode: &str) -> Self {
        let patience = if mode.starts_with("hang") { SHORT } else { LONG };
        let script = tests().join("hostile.py").to_string_lossy().into_owned();
        Self::stdio(vec!["python3".into(), script, mode.into()], patience)
    }

    /// A server over stdio; `WORKSPACE` among its arguments is the workspace.
    pub(crate) fn stdio(mut command: Vec<String>, patience: Duration) -> Self {
        let workspace = workspace();
        let path = workspace.path().to_string_lossy();
        for word in &mut command {
            *word = word.replace("WORKSPACE", &path);
        }
        let env = [("KEY".to_owned(), SECRET.to_owned())].into();
        Self::of(workspace, Transport::Stdio { command, env }, patience)
    }

    /// A server over HTTP.
    pub(crate) fn http(url: &str, patience: Duration) -> Self {
        let transport = Transport::Http {
            url: url.into(),
            headers: [("Authorization".to_owned(), format!("Bearer {SECRET}"))].into(),
        };
        Self::of(workspace(), transport, patience)
    }

    fn of(workspace: TempDir, transport: Transport, patience: Duration) -> Self {
        static LAUNCHER: LazyLock<Launcher> =
            LazyLock::new(|| Launcher::probe(env!("CARGO_BIN_EXE_mainspring-supervise-mcp").into()));
        let server = McpServer { transport, tools: None, classes: BTreeMap::new(), timeout: None };
        let servers = [("s".to_owned(), server)].into();
        let servers = Servers::with_patience(&LAUNCHER, &room(workspace.path()), &servers, patience);
        Self { workspace, servers }
    }

    pub(crate) async fn list(&self) -> Result<Listing, Problem> {
        self.servers.list("s").await.map(|listing| Listing::clone(&listing))
    }

    /// Calls a tool; one that hangs is waited for no longer than needed.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Outcome {
        let timeout = if tool == "hang" { SHORT } else { LONG };
        self.call_within(tool, arguments, timeout, &CancellationToken::new()).await
    }

    /// Calls a tool that may be cancelled.
    pub(crate) async fn call_within(
        &self,
        tool: &str,
        arguments: Value,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Outcome {
        let call = Call { tool, arguments: &arguments, key: "key-1", timeout };
        self.servers.call("s", &call, cancel).await
    }

    /// Waits until the server has written a file, and returns what it wrote.
    pub(crate) async fn written(&self, name: &str) -> String {
        let deadline = Instant::now() + LONG;
        loop {
            if let Ok(text) = fs::read_to_string(self.workspace.path().join(name)) {
                return text;
            }
            assert!(Instant::now() < deadline, "`{name}` was never written");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// What a call returned.
    pub(crate) async fn text(&self, tool: &str, arguments: Value) -> String {
        match self.call(tool, arguments).await {
            Outcome::Returned { text, error: false } => text,
            other => panic!("{other:?}"),
        }
    }

    /// Asserts that the server still works, or works again.
    pub(crate) async fn assert_well(&self) {
        assert_eq!(self.text("echo", json!({"a": 1})).await, r#"[{"a": 1}, "key-1"]"#);
    }

    /// How often the server was started.
    pub(crate) fn starts(&self) -> usize {
        fs::read_to_string(self.workspace.path().join("starts")).map_or(0, |starts| starts.len())
    }

    /// A word that is in every process of the server.
    pub(crate) fn marker(&self) -> String {
        self.workspace.path().to_string_lossy().into_owned()
    }
}

fn workspace() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What the product gives to programs of tools: the workspace and an environment without secrets.
fn room(workspace: &Path) -> Spec {
    let tools = mainspring_testkit::mcp_servers::folder();
    let read = [tests(), tools].into_iter().filter(|folder| folder.is_dir()).collect();
    Spec {
        cwd: workspace.into(),
        env: [
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("HOME".into(), workspace.as_os_str().to_owned()),
        ]
        .into(),
        confined: Some(Confined { read, write: vec![workspace.into()], ..Confined::default() }),
        ..Spec::default()
    }
}

pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The message of a call that never arrived.
pub(crate) fn failed(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed { message } => message,
        other => panic!("{other:?}"),
    }
}

/// The message of a call that nobody knows the end of.
pub(crate) fn unknown(outcome: Outcome) -> String {
    match outcome {
        Outcome::Unknown { message } => message,
        other => panic!("{other:?}"),
    }
}

/// A problem in one paragraph.
pub(crate) fn told(problem: &Problem) -> String {
    let detail = problem.detail.as_ref().map(|detail| format!("\n{detail}")).unwrap_or_default();
    let suggestion = problem.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default();
    format!("{} {}{suggestion}{detail}", problem.code, problem.message)
}
