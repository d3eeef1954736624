//! Runs that are ended early, at each level and wherever they stand: the provider is hung up on, nothing of their
//! processes is left, and the receipt tells what was met.

use std::{
    path::{Path, PathBuf},
    pin::pin,
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use mainspring_api::{
    client::{Client, Live},
    event::EventView,
    run::{CancelRun, CutCall, Level, ReceiptView, RunStatus, RunView},
    session::AddMessage,
};
use mainspring_testkit::{
    processes::{assert_none_left, marked},
    upstream::{Logged, Outcome},
};
use mainspring_types::RunId;

use crate::{
    harness::{PATIENCE, Server, ended, events, wait_until},
    scene::{Scene, begin, entry, field, ledger, said, talk},
};

const LEVELS: [Level; 3] = [Level::Interrupt, Level::Stop, Level::Kill];

/// How long it may take until a provider is hung up on and nothing of a tool is left.
const AT_ONCE: Duration = Duration::from_secs(3);

/// What the model does follows from what it is asked.
const MODEL: &str = "
version: 1
rules:
  - match: {last_user: Talk on, step: 0}
    reply: {text: 'and on ', repeat: 2000, chunk_delay_ms: 20}
  - match: {last_user: Work, step: 0}
    reply: {tool_calls: [{id: call-1, name: work, arguments: {}}]}
  - match: {last_user: Pay, step: 0}
    reply: {tool_calls: [{id: call-1, name: look, arguments: {}}, {id: call-2, name: pay, arguments: {}}]}
  - match: {last_user: Delegate, step: 0}
    reply: {tool_calls: [{id: call-1, name: task, arguments: {agent: hand, prompt: Work.}}]}
  - match: {last_user: Are you there}
    reply: {text: 'Yes, after ${turn} answers.'}
";

const DEFINITION: &str = "
toolsets: [task]
tools:
  - {name: look, description: Looks., run: [./program, look], effect: pure}
  - {name: pay, description: Pays., run: [./program, pay], effect: irreversible}
  - &work {name: work, description: Works., run: [./program, work], effect: irreversible}
approvals: {pay: ask}
agents:
  hand: {description: Works., instructions: You work., tools: [work]}
";

/// Works in a tree of processes that ignore what they can and leave their session and their environment.
const PROGRAM: &str = r#"#!/usr/bin/env python3
import os, signal, sys

if sys.argv[1] != "work":
    print("seen", end="")
    sys.exit()
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
workspace = os.environ["MAINSPRING_WORKSPACE"]
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve("/bin/sh", ["sh", "-c", "while :; do sleep 1; done", workspace], {})
        break
else:
    with open(workspace + "/ledger", "a") as ledger:
        ledger.write("begun\n")
while True:
    signal.pause()
"#;

/// Where a run stands when it is ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stand {
    /// The model speaks.
    Stream,
    /// A tool works.
    Tool,
    /// Someone is asked for an approval.
    Gate,
    /// A sub-agent's tool works.
    Child,
}

impl Stand {
    const fn prompt(self) -> &'static str {
        match self {
            Self::Stream => "Talk on.",
            Self::Tool => "Work.",
            Self::Gate => "Pay.",
            Self::Child => "Delegate.",
        }
    }
}

/// A server with the agent, and a run of it after the other.
struct Play {
    scene: Scene,
    agent: PathBuf,
    server: Server,
    client: Client,
    /// The server's processes that no run has made.
    own: usize,
}

impl Play {
    fn new() -> Self {
        let scene = Scene::new(MODEL);
        let agent = scene.agent("worker", DEFINITION, PROGRAM);
        let server = scene.serve();
        let client = scene.stage.client();
        let own = marked(scene.stage.marker()).len();
        Self { scene, agent, server, client, own }
    }

    /// A run that has come to stand there.
    async fn come_to(&self, stand: Stand, name: &str, waits: bool) -> (RunId, PathBuf) {
        let workspace = self.scene.workspace(name);
        let mut request = talk(&self.agent, stand.prompt(), &workspace);
        request.conversation = waits.then_some(true);
        let calls = self.scene.upstream.calls();
        let run = begin(&self.client, &request).await;
        match stand {
            Stand::Stream => {
                self.scene.upstream.wait_until(PATIENCE, |log| log.len() > calls);
                self.hear(run).await;
            }
            Stand::Gate => {
                entry(&self.client, run, |entry| field(entry, "end") == "parked").await;
            }
            Stand::Tool | Stand::Child => {
                wait_until("the tool to work", || ledger(&workspace) == ["begun"]);
                let tree = || {
                    marked(name_of(&workspace))
                        .iter()
                        .filter(|process| process.command.contains("sleep 1"))
                        .count()
                };
                wait_until("its tree to stand", || tree() >= 3);
            }
        }
        (run, workspace)
    }

    /// Waits until the model is heard.
    async fn hear(&self, run: RunId) {
        let mut live = pin!(self.client.events_live(run, 0).await.expect("a stream"));
        while let Some(told) = live.next().await {
            if matches!(told.expect("told"), Live::Delta(_)) {
                return;
            }
        }
        panic!("nothing was heard of {run}");
    }

    /// Nothing of a tool is left, nor of what carried it.
    fn assert_at_rest(&self, workspace: &Path) {
        assert_none_left(name_of(workspace), AT_ONCE);
        let stage = self.scene.stage.marker();
        wait_until("the server to be alone", || marked(stage).len() <= self.own);
    }

    /// The model's answer to the newest call was hung up on.
    fn assert_hung_up(&self) {
        let newest = |log: &[Logged]| log.last().map(|entry| entry.outcome);
        self.scene.upstream.wait_until(AT_ONCE, |log| newest(log) == Some(Outcome::ClientDisconnected));
    }
}

fn name_of(workspace: &Path) -> &str {
    workspace.to_str().expect("plain names")
}

/// A receipt without ids and times: `LEVEL: N finished; stopped ...; unknown ...; N children`.
fn told(receipt: &ReceiptView) -> String {
    assert!(receipt.ended_at.is_some_and(|at| at >= receipt.requested_at), "{receipt:#?}");
    let names = |cut: &[CutCall]| {
        cut.iter().map(|call| format!("{} {}", call.kind, call.name)).collect::<Vec<_>>().join(", ")
    };
    let (stopped, unknown) = (names(&receipt.stopped), names(&receipt.unknown));
    let children = receipt.children.len();
    format!("{} finished; stopped [{stopped}]; unknown [{unknown}]; {children} children", receipt.finished)
}

/// Ends a run at each level where it stands; its receipts in the order of the levels.
async fn cancelled(stand: Stand) -> Vec<String> {
    let play = Play::new();
    let mut receipts = Vec::new();
    for level in LEVELS {
        let (run, workspace) = play.come_to(stand, &format!("{level:?}"), false).await;
        let begun = Instant::now();
        play.client.cancel(run, &CancelRun { level, reason: Some("enough".into()) }).await.expect("it runs");
        if stand == Stand::Stream {
            play.assert_hung_up();
        }
        let ended = ended(&play.client, run).await;
        let took = begun.elapsed();
        play.assert_at_rest(&workspace);
        assert_eq!(ended.status, RunStatus::Cancelled, "{stand:?} {level:?} {ended:#?}");
        assert!(took < AT_ONCE, "{stand:?} {level:?} took {took:?}");
        let shown = play.scene.stage.tell(["runs", "show", &run.to_string(), "--json"]).json();
        let receipt: ReceiptView = serde_json::from_value(shown["receipt"].clone()).expect("it has one");
        assert_eq!(receipt.level, level);
        receipts.push(told(&receipt));
        if stand == Stand::Child {
            receipts.push(child_of(&play.client, &receipt).await);
        }
    }
    assert!(play.server.terminate().success());
    play.scene.stage.assert_nothing_left();
    receipts
}

/// The receipt of the one run that was ended with its parent.
async fn child_of(client: &Client, receipt: &ReceiptView) -> String {
    let [child] = receipt.children[..] else { panic!("one child: {receipt:#?}") };
    let child: RunView = client.run(child).await.expect("known");
    assert_eq!(child.status, RunStatus::Cancelled);
    format!("child: {}", told(&child.receipt.expect("it has one")))
}

#[tokio::test]
async fn while_the_model_speaks() {
    // What it said until then is paid for, and how much that was is not known.
    let receipts = cancelled(Stand::Stream).await;
    assert_eq!(receipts, ["0 finished; stopped []; unknown [model model]; 0 children"; 3]);
}

#[tokio::test]
async fn while_a_tool_works() {
    let receipts = cancelled(Stand::Tool).await;
    assert_eq!(receipts, ["1 finished; stopped []; unknown [tool work]; 0 children"; 3]);
}

#[tokio::test]
async fn while_someone_is_asked() {
    let receipts = cancelled(Stand::Gate).await;
    assert_eq!(receipts, ["2 finished; stopped []; unknown []; 0 children"; 3]);
}

#[tokio::test]
async fn while_a_sub_agent_works() {
    let both = [
        "1 finished; stopped []; unknown [tool task]; 1 children",
        "child: 1 finished; stopped []; unknown [tool work]; 0 children",
    ];
    assert_eq!(cancelled(Stand::Child).await, [both; 3].concat());
}

/// Kills the server as soon as it has taken a cancel, and starts it again; the receipts then.
async fn cancelled_and_killed(stand: Stand) -> Vec<String> {
    let mut play = Play::new();
    let (run, workspace) = play.come_to(stand, "cut", false).await;
    play.client.cancel(run, &CancelRun { level: Level::Stop, reason: None }).await.expect("it runs");
    play.server.kill9();
    play.server = play.scene.serve();
    play.client = play.scene.stage.client();
    let ended = ended(&play.client, run).await;
    assert_eq!(ended.status, RunStatus::Cancelled, "{ended:#?}");
    play.assert_at_rest(&workspace);
    let receipt = ended.receipt.expect("it has one");
    let mut receipts = vec![told(&receipt)];
    if stand == Stand::Child {
        receipts.push(child_of(&play.client, &receipt).await);
    }
    assert!(play.server.terminate().success());
    play.scene.stage.assert_nothing_left();
    receipts
}

#[tokio::test]
async fn a_cancel_outlives_its_server_while_a_tool_works() {
    let receipts = cancelled_and_killed(Stand::Tool).await;
    assert_eq!(receipts, ["1 finished; stopped []; unknown [tool work]; 0 children"]);
}

#[tokio::test]
async fn a_cancel_outlives_its_server_while_a_sub_agent_works() {
    let both = [
        "1 finished; stopped []; unknown [tool task]; 1 children",
        "child: 1 finished; stopped []; unknown [tool work]; 0 children",
    ];
    assert_eq!(cancelled_and_killed(Stand::Child).await, both);
}

/// Waits until the turn is over, says something, and lets the conversation end: `TURNS turns; TOOL ENTRIES; LAST WORDS`.
async fn goes_on(play: &Play, run: RunId, workspace: &Path) -> String {
    let is_at_rest = |entry: &EventView| entry.kind == "gate.opened" && field(entry, "kind") == "input";
    entry(&play.client, run, is_at_rest).await;
    play.assert_at_rest(workspace);
    let message = AddMessage { text: "Are you there?".into(), images: Vec::new() };
    play.client.message_run(run, &message).await.expect("it waits");
    play.client.done(run).await.expect("it is live");
    let view = ended(&play.client, run).await;
    assert_eq!(view.status, RunStatus::Completed, "{view:#?}");
    let entries = events(&play.client, run).await;
    let turns = entries.iter().filter(|entry| entry.kind == "turn.ended").count();
    let kinds = entries.iter().map(|entry| entry.kind.as_str()).filter(|kind| kind.starts_with("tool."));
    format!("{turns} turns; {}; {}", kinds.collect::<Vec<_>>().join(" "), said(&view))
}

const INTERRUPT: CancelRun = CancelRun { level: Level::Interrupt, reason: None };

/// Interrupts a conversation where it stands, and goes on with it.
async fn interrupted(stand: Stand) -> String {
    let play = Play::new();
    let (run, workspace) = play.come_to(stand, "talk", true).await;
    play.client.cancel(run, &INTERRUPT).await.expect("a turn is under way");
    if stand == Stand::Stream {
        play.assert_hung_up();
    }
    goes_on(&play, run, &workspace).await
}

#[tokio::test]
async fn an_interrupt_ends_the_turn_while_the_model_speaks() {
    insta::assert_snapshot!(interrupted(Stand::Stream).await, @"2 turns; ; Yes, after 0 answers.");
}

#[tokio::test]
async fn an_interrupt_ends_the_turn_while_a_tool_works() {
    let told = interrupted(Stand::Tool).await;
    insta::assert_snapshot!(told, @"2 turns; tool.intended tool.unknown; Yes, after 1 answers.");
}

#[tokio::test]
async fn an_interrupt_ends_the_turn_while_someone_is_asked() {
    let told = interrupted(Stand::Gate).await;
    insta::assert_snapshot!(told, @"2 turns; tool.intended tool.committed tool.replayed; Yes, after 1 answers.");
}

#[tokio::test]
async fn an_interrupt_ends_the_turn_while_a_sub_agent_works() {
    let told = interrupted(Stand::Child).await;
    insta::assert_snapshot!(told, @"2 turns; tool.committed; Yes, after 1 answers.");
}

#[tokio::test]
async fn an_interrupt_outlives_its_server() {
    for stand in [Stand::Stream, Stand::Tool, Stand::Gate, Stand::Child] {
        let mut play = Play::new();
        let (run, workspace) = play.come_to(stand, "talk", true).await;
        play.client.cancel(run, &INTERRUPT).await.expect("a turn is under way");
        play.server.kill9();
        play.server = play.scene.serve();
        play.client = play.scene.stage.client();
        let told = goes_on(&play, run, &workspace).await;
        // How far the turn's calls came before the kill differs; that it is over, and that what the model had said is
        // kept, does not.
        let kept = if stand == Stand::Stream { "; Yes, after 0 answers." } else { "; Yes, after 1 answers." };
        assert!(told.starts_with("2 turns; ") && told.ends_with(kept), "{stand:?} {told}");
    }
}
