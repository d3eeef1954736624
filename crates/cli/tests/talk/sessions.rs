//! Conversations: shared by runs, taken another way from one of their turns, spoken into while the agent works, and
//! waited in without a process.

use std::{env, fs, path::PathBuf, thread, time::Duration};

use mainspring_api::{
    client::Client,
    run::{CreateRun, RunStatus},
    session::{AddMessage, ListSessions},
};
use mainspring_testkit::processes::marked;
use mainspring_types::{RunId, SessionId};

use crate::{
    harness::{Server, ended, wait_until, words},
    scene::{Scene, begin, entry, field, ledger, of_kind, said, talk},
};

/// Tells what it was asked and how often it has spoken before; `Work` makes it work first.
const MODEL: &str = "
version: 1
rules:
  - match: {last_user: Work, step: 0}
    reply: {tool_calls: [{name: work, arguments: {}}]}
  - match: {}
    reply: {text: 'Answer ${turn} to: ${last_user}'}
";

const DEFINITION: &str = "
tools: [{name: work, description: Works., run: [./program], effect: pure}]
";

/// Works until it is let go.
const PROGRAM: &str = r#"#!/bin/sh
echo begun >> "$MAINSPRING_WORKSPACE/ledger"
until [ -e "$MAINSPRING_WORKSPACE/go" ]; do sleep 0.02; done
printf worked
"#;

/// A server with the agent.
struct Play {
    scene: Scene,
    agent: PathBuf,
    workspace: PathBuf,
    server: Server,
    client: Client,
}

impl Play {
    fn new() -> Self {
        let scene = Scene::new(MODEL);
        let agent = scene.agent("talker", DEFINITION, PROGRAM);
        let workspace = scene.workspace("1");
        let server = scene.serve();
        let client = scene.stage.client();
        Self { scene, agent, workspace, server, client }
    }

    /// Starts a run that waits for further messages.
    async fn converse(&self, prompt: &str) -> RunId {
        let conversation = Some(true);
        let request = CreateRun { conversation, ..talk(&self.agent, prompt, &self.workspace) };
        begin(&self.client, &request).await
    }

    /// Runs the agent to its end by the command line; its session and what it said.
    fn run(&self, prompt: &str, more: &[&str]) -> (String, String) {
        let agent = self.agent.join("agent.yaml");
        let agent = agent.to_str().expect("plain names");
        let told = self.scene.stage.tell([&["run", agent, prompt, "--json"], more].concat());
        assert_eq!(told.code(), Some(0), "{}", told.err);
        let run = told.json();
        let text = |field: &str| run[field].as_str().expect("text").to_owned();
        (text("session"), text("result"))
    }

    async fn say(&self, run: RunId, text: &str) {
        let message = AddMessage { text: text.to_owned(), images: Vec::new() };
        self.client.message_run(run, &message).await.expect("it is heard");
    }

    /// Waits until so many turns are concluded; what was said at the end of each.
    async fn turns(&self, run: RunId, turns: u64) -> Vec<String> {
        entry(&self.client, run, |entry| {
            entry.data.get("turn").and_then(serde_json::Value::as_u64) == Some(turns)
        })
        .await;
        let session = self.client.run(run).await.expect("known").session.expect("it has one");
        let turns = self.client.turns(session, &ListSessions::default()).await.expect("a page").items;
        turns.into_iter().map(|turn| turn.text).collect()
    }

    fn close(self) {
        assert!(self.server.terminate().success());
        self.scene.stage.assert_nothing_left();
    }
}

#[test]
fn runs_share_a_session_and_a_fork_goes_another_way_from_a_turn() {
    let play = Play::new();
    let (session, said) = play.run("one", &[]);
    assert_eq!(said, "Answer 0 to: one");
    let again = play.run("two", &["--session", &session]);
    assert_eq!(again, (session.clone(), "Answer 1 to: two".to_owned()));

    let told = play.scene.stage.tell(["sessions", "fork", &session, "--turn", "1", "--json"]);
    let fork = told.json()["session_id"].as_str().expect("an id").to_owned();
    assert_ne!(fork, session);
    let other = play.run("three", &["--session", &fork]);
    assert_eq!(other, (fork, "Answer 1 to: three".to_owned()));
    let last = play.scene.upstream.log().pop().expect("it was asked");
    assert!(!String::from_utf8_lossy(&last.body).contains("two"), "the fork was made before that");

    let same = play.run("four", &["--session", &session]);
    assert_eq!(same, (session, "Answer 2 to: four".to_owned()));
    play.close();
}

#[tokio::test]
async fn a_session_has_one_live_run() {
    let play = Play::new();
    let run = play.converse("one").await;
    let session: SessionId = play.client.run(run).await.expect("known").session.expect("it has one");
    let second = CreateRun { session: Some(session), ..talk(&play.agent, "two", &play.workspace) };
    let refused = play.client.create_run(&second, None).await.expect_err("the first has not ended");
    let told = words(&refused[0]).replace(&session.to_string(), "SESSION").replace(&run.to_string(), "RUN");
    insta::assert_snapshot!(told, @"E1703: session SESSION has a run that has not ended: RUN");
    play.client.done(run).await.expect("it is live");
    ended(&play.client, run).await;
    begin(&play.client, &second).await;
}

#[tokio::test]
async fn what_is_said_while_the_agent_works_is_answered_next() {
    let play = Play::new();
    let run = play.converse("Work.").await;
    wait_until("the tool to work", || ledger(&play.workspace) == ["begun"]);
    play.say(run, "And then?").await;
    play.say(run, "And after that?").await;
    play.client.done(run).await.expect("it is live");
    fs::write(play.workspace.join("go"), "").expect("writes");
    let view = ended(&play.client, run).await;
    assert_eq!(view.status, RunStatus::Completed, "{view:#?}");
    // Both messages are taken up at once, and the model is told of both.
    assert_eq!(play.turns(run, 2).await, ["Answer 1 to: Work.", "Answer 2 to: And after that?"]);
    let last = play.scene.upstream.log().pop().expect("it was asked");
    assert!(String::from_utf8_lossy(&last.body).contains("And then?"));
    assert!(of_kind(&play.client, run, "gate.opened").await.is_empty(), "it never waited");
    play.close();
}

/// How long a wait is watched.
fn wait() -> Duration {
    Duration::from_secs(if env::var_os("MAINSPRING_FULL").is_some() { 30 } else { 1 })
}

#[tokio::test]
async fn a_wait_for_a_message_holds_no_process_and_outlasts_a_server_and_a_month() {
    let mut play = Play::new();
    let alone = marked(play.scene.stage.marker()).len();
    let run = play.converse("one").await;
    let parked = entry(&play.client, run, |entry| field(entry, "end") == "parked").await;
    assert!(parked.data["wait"]["gate"].is_object(), "{parked:?}");
    let until = std::time::Instant::now() + wait();
    while std::time::Instant::now() < until {
        assert_eq!(marked(play.scene.stage.marker()).len(), alone);
        thread::sleep(Duration::from_millis(100));
    }
    let view = play.client.run(run).await.expect("known");
    let waits = view.waiting.as_ref().map(|waiting| waiting.reason.as_str());
    assert_eq!(
        (view.status, waits, view.steps[0].state.as_str()),
        (RunStatus::Waiting, Some("gate"), "parked")
    );

    let clock = play.scene.clock();
    play.server.kill9();
    play.server = play.scene.serve_at(&clock, "2592000");
    play.client = play.scene.stage.client();
    play.say(run, "two").await;
    assert_eq!(play.turns(run, 2).await, ["Answer 0 to: one", "Answer 1 to: two"]);
    play.client.done(run).await.expect("it is live");
    let view = ended(&play.client, run).await;
    assert_eq!((view.status, said(&view)), (RunStatus::Completed, "Answer 1 to: two"));
    play.close();
}
