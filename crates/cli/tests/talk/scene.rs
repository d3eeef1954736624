//! A stage with a model, definitions of the default runtime, and workspaces in which their tools keep ledgers.

use std::{
    fs,
    path::{Path, PathBuf},
    pin::pin,
    process::Command,
};

use futures_util::StreamExt as _;
use mainspring_api::{
    client::Client,
    event::EventView,
    gate::{Action, AnswerGate, GateView, ListGates},
    run::{CreateRun, RunView},
};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::RunId;
use serde_json::Value;

use crate::harness::{PATIENCE, Server, Stage, events, request};

/// Moves the wall clock of the program that loads it by as many seconds as `MOVED` says. Clocks that only count go on.
const MOVES_THE_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    const char *moved = getenv("MOVED");
    if (!failed && moved && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += atol(moved);
    }
    return failed;
}
"#;

/// A stage with a model.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) upstream: Upstream,
}

impl Scene {
    /// A scene whose model follows the script.
    pub(crate) fn new(model: &str) -> Self {
        Self { stage: Stage::new(), upstream: Upstream::start(model) }
    }

    /// Starts a server that has the model as `openai`.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Starts one whose clock is moved by so many seconds.
    pub(crate) fn serve_at(&self, clock: &Clock, moved: &str) -> Server {
        self.serve_with(&[("LD_PRELOAD", &clock.0), ("MOVED", moved)])
    }

    fn serve_with(&self, more: &[(&str, &str)]) -> Server {
        let base = self.upstream.base_url();
        let ours = [("OPENAI_API_KEY", "sk-of-the-provider"), ("OPENAI_BASE_URL", base.as_str())];
        self.stage.serve_with(&[&ours, more].concat())
    }

    /// Writes a definition with this model. Its tools find `./program` beside them.
    pub(crate) fn agent(&self, name: &str, definition: &str, program: &str) -> PathBuf {
        let terms = "runtime: default\nmodel: openai/model\ninstructions: You do what you are asked.\n";
        self.stage.agent(name, &format!("{terms}{definition}"), program)
    }

    /// What can move the clock of a server, built with the compiler that Rust links with.
    pub(crate) fn clock(&self) -> Clock {
        let (source, library) = (self.stage.path("clock.c"), self.stage.path("clock.so"));
        fs::write(&source, MOVES_THE_CLOCK).expect("writes");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        assert!(built.expect("Rust links with it").success());
        Clock(library.to_str().expect("plain names").to_owned())
    }

    /// A folder for the tools of one run to work in.
    pub(crate) fn workspace(&self, name: &str) -> PathBuf {
        let folder = self.stage.path(&format!("work-{name}"));
        fs::create_dir_all(&folder).expect("makes a folder");
        folder
    }
}

/// The path of a library that moves a program's clock when it is loaded before the program.
pub(crate) struct Clock(String);

/// A request to run the agent with this prompt, its tools at work in `workspace`.
pub(crate) fn talk(agent: &Path, prompt: &str, workspace: &Path) -> CreateRun {
    let workspace = Some(workspace.to_str().expect("plain names").to_owned());
    CreateRun { input: Some(Value::from(prompt)), workspace, ..request(&agent.join("agent.yaml")) }
}

/// Starts what was asked for.
pub(crate) async fn begin(client: &Client, request: &CreateRun) -> RunId {
    client.create_run(request, None).await.expect("accepted").run_id
}

/// Follows the run until an entry is as `wanted`, across restarts of the server.
pub(crate) async fn entry(client: &Client, run: RunId, wanted: impl Fn(&EventView) -> bool) -> EventView {
    let mut entries = pin!(client.follow(run, 0, PATIENCE));
    let mut seen = Vec::new();
    while let Some(entry) = entries.next().await {
        let entry = entry.expect("the server comes back");
        if wanted(&entry) {
            return entry;
        }
        seen.push(entry);
    }
    panic!("no such entry: {seen:#?}")
}

/// The first gate that the run opens and nobody has answered, once it waits there.
pub(crate) async fn gate(client: &Client, run: RunId) -> GateView {
    entry(client, run, |entry| entry.kind == "gate.opened").await;
    let open = client.list_gates(&ListGates { run: Some(run), ..ListGates::default() }).await;
    open.expect("a page").items.into_iter().next().expect("it is open")
}

/// The entries of one type.
pub(crate) async fn of_kind(client: &Client, run: RunId, kind: &str) -> Vec<EventView> {
    events(client, run).await.into_iter().filter(|entry| entry.kind == kind).collect()
}

/// An answer with this action.
pub(crate) fn answer(action: Action, message: Option<&str>) -> AnswerGate {
    AnswerGate { action, arguments: None, message: message.map(str::to_owned), remember: false }
}

/// The lines that tools wrote in `workspace`.
pub(crate) fn ledger(workspace: &Path) -> Vec<String> {
    let text = fs::read_to_string(workspace.join("ledger")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A field of an entry as text.
pub(crate) fn field<'a>(entry: &'a EventView, name: &str) -> &'a str {
    entry.data.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What the run came to, as text.
pub(crate) fn said(run: &RunView) -> &str {
    run.result.as_ref().and_then(Value::as_str).unwrap_or_default()
}
