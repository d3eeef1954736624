//! The stage of a test: a folder of its own with data, agents and a ledger, and the real binary at work in it.
//!
//! The folder's path is the test's marker: every process of the test carries it, so that a test can say that none is
//! left. Agents note what they do in `ledger` and wait at gates, files that the test makes, so that a test knows
//! where everything stands without guessing at times. Nothing outlives a stage, also when the test itself is killed.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod guard;
mod secrets;
mod server;
pub(crate) mod wire;

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    pin::pin,
    process::{self, Command, ExitStatus},
    sync::atomic::{AtomicU8, Ordering},
    thread,
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use mainspring_api::{
    client::Client,
    event::EventView,
    run::{CreateRun, RunView},
};
use mainspring_testkit::processes::{assert_none_left, kill9_marked};
use mainspring_types::{Problem, RunId};
use serde_json::Value;
use tempfile::TempDir;

use self::guard::Guard;
pub(crate) use self::{
    secrets::Secrets,
    server::{Server, signal, wait_for},
};

/// How long anything that must happen may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// How long the kernel may take to clear away what was killed.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// How many lines of a server's log a failed test tells.
const LOG_TOLD: usize = 40;

const POLL: Duration = Duration::from_millis(10);

/// One test's folder and all that happens in it.
pub(crate) struct Stage {
    folder: TempDir,
    data: PathBuf,
    address: SocketAddr,
    _guard: Guard,
}

impl Stage {
    /// A stage with a data folder that is still to be made.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("endurance-").tempdir().expect("a folder");
        let data = folder.path().join("data");
        Self { _guard: Guard::over(folder.path()), folder, data, address: own_address() }
    }

    /// A stage whose data folder lies elsewhere.
    pub(crate) fn with_data(data: &Path) -> Self {
        let mut stage = Self::new();
        data.clone_into(&mut stage.data);
        stage
    }

    /// What every process of this test carries.
    pub(crate) fn marker(&self) -> &str {
        self.folder.path().to_str().expect("temporary folders have plain names")
    }

    /// A path on the stage.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Where a server of this stage listens, the same at every start: no other test's address is the same.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The binary, told where the data folder is and nothing else about mainspring.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainspring"));
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("MAINSPRING_") {
                command.env_remove(name);
            }
        }
        command.env("MAINSPRING_HOME", &self.data).current_dir(&self.folder);
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn tell<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Told {
        let output = self.command().args(arguments).output().expect("the binary starts");
        Told {
            status: output.status,
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).replace(self.marker(), "STAGE"),
        }
    }

    /// Starts a server with two slots, which answers when this returns.
    pub(crate) fn serve(&self) -> Server {
        Server::start(self, &[])
    }

    /// Starts a server with variables of its own in its environment.
    pub(crate) fn serve_with(&self, environment: &[(&str, &str)]) -> Server {
        Server::start(self, environment)
    }

    /// A client over TCP with the stage's key. It stays good over restarts of the server.
    pub(crate) fn client(&self) -> Client {
        Client::tcp(self.address, self.key().into())
    }

    /// The key of the data folder.
    pub(crate) fn key(&self) -> String {
        let key = fs::read_to_string(self.data.join("admin.key")).expect("a server has made it");
        key.trim_end().to_owned()
    }

    /// Writes an agent of these steps, a YAML list of mappings; `program` lies beside the definition as `./program`.
    ///
    /// Every step finds the stage's folder in `STAGE`.
    pub(crate) fn agent(&self, name: &str, definition: &str, program: &str) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(&folder).expect("makes a folder");
        let mut text = format!("kind: Agent\nname: {name}\nenv: {{STAGE: {}}}\n", self.marker());
        let _ = write!(text, "{definition}");
        fs::write(folder.join("agent.yaml"), text).expect("writes");
        let file = folder.join("program");
        fs::write(&file, program).expect("writes");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("sets");
        folder
    }

    /// What the agents have noted, line by line.
    pub(crate) fn ledger(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("ledger")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until an agent has noted `line`.
    pub(crate) fn wait_for(&self, line: &str) {
        wait_until(&format!("`{line}` in the ledger"), || self.ledger().iter().any(|noted| noted == line));
    }

    /// Lets agents pass the gates of these names.
    pub(crate) fn open_gates<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            fs::write(self.path(&format!("gate.{name}")), "").expect("writes");
        }
    }

    /// Checks that no process of this test is left, and no working folder of an attempt.
    pub(crate) fn assert_nothing_left(&self) {
        assert_none_left(self.marker(), GONE_WITHIN);
        let left: Vec<_> = fs::read_dir(self.data.join("work")).expect("kept").flatten().collect();
        assert!(left.is_empty(), "working folders left: {left:?}");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        kill9_marked(self.marker());
        if thread::panicking() {
            let log = fs::read_to_string(self.path("server.log")).unwrap_or_default();
            let from = log.lines().count().saturating_sub(LOG_TOLD);
            let words = log.lines().skip(from).collect::<Vec<_>>().join("\n");
            let _ = writeln!(io::stderr(), "the last words of the server of {}:\n{words}", self.marker());
        }
    }
}

/// What the binary said.
pub(crate) struct Told {
    pub(crate) status: ExitStatus,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error, with `STAGE` for the stage's folder.
    pub(crate) err: String,
}

impl Told {
    /// The exit code; none when a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The one JSON object on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The last error block, as a person sees it.
    pub(crate) fn error(&self) -> &str {
        last_error(&self.err)
    }
}

/// The last error block of what was said on standard error.
pub(crate) fn last_error(said: &str) -> &str {
    let block = said.rfind("\nerror[").map_or(said, |end| &said[end + 1..]);
    block.trim_end()
}

/// A request to run the agent at `path`.
pub(crate) fn request(path: &Path) -> CreateRun {
    let agent = path.to_str().expect("plain names").to_owned();
    CreateRun { agent, ..CreateRun::default() }
}

/// Starts a run of the agent at `path`.
pub(crate) async fn start(client: &Client, path: &Path) -> RunId {
    client.create_run(&request(path), None).await.expect("accepted").run_id
}

/// Waits for the end of a run, across restarts of the server.
pub(crate) async fn ended(client: &Client, run: RunId) -> RunView {
    let last = pin!(client.follow(run, 0, PATIENCE)).fold(None, async |_, event| Some(event)).await;
    last.expect("a run has events").expect("the server comes back");
    client.run(run).await.expect("known")
}

/// Every entry of a run that has ended.
pub(crate) async fn events(client: &Client, run: RunId) -> Vec<EventView> {
    let events = client.events(run, 0).await.expect("a stream");
    events.map(|event| event.expect("an entry")).collect().await
}

/// `CODE: message`.
pub(crate) fn words(problem: &Problem) -> String {
    format!("{}: {}", problem.code, problem.message)
}

/// Waits until `is_so`, and panics with `what` when it never is.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        thread::sleep(POLL);
    }
}

/// An address of loopback that no other stage has: a port of the system's choice could be taken during a restart.
fn own_address() -> SocketAddr {
    static STAGES: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = process::id().to_be_bytes();
    let stage = STAGES.fetch_add(1, Ordering::Relaxed);
    // 127.0.0.1 and its neighbours are used by others; 7117 is free on every other address of loopback.
    (Ipv4Addr::new(127, high | 0x80, low, stage), 7117).into()
}
