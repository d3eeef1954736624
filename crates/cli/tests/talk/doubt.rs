//! A tool is killed with its server between its effect and its answer: nobody knows what became of the call, and it is
//! not made again before somebody says so.

use std::{fs, path::PathBuf};

use mainspring_api::{
    client::Client,
    gate::{Action, GateKind, GateView, ListGates},
    run::RunStatus,
};
use mainspring_types::RunId;

use crate::{
    harness::{Server, ended, events, wait_until},
    scene::{Scene, answer, begin, entry, field, gate, ledger, of_kind, said, talk},
};

const MODEL: &str = "
version: 1
rules:
  - match: {step: 0}
    reply: {tool_calls: [{name: pay, arguments: {}}]}
  - match: {last_role: tool}
    reply: {text: 'Told: ${last_tool_result}'}
";

const PAYS: &str = "tools: [{name: pay, description: Pays., run: [./program], effect: irreversible}]\n";
const PAYS_AND_TELLS: &str = "
tools: [{name: pay, description: Pays., run: [./program], effect: irreversible, probe: [./program, tell]}]
";

/// Pays, and does not come to its answer before it is let go. Tells what it paid when it is asked.
const PROGRAM: &str = r#"#!/bin/sh
cd "$MAINSPRING_WORKSPACE"
if [ "$1" = tell ]; then
    grep -q "$MAINSPRING_IDEMPOTENCY_KEY" ledger && printf '{"state": "done", "result": "paid"}' || printf '{"state": "not_done"}'
    exit
fi
echo "$MAINSPRING_IDEMPOTENCY_KEY" >> ledger
until [ -e go ]; do sleep 0.02; done
printf paid
"#;

/// A run whose tool has paid and has not answered.
struct Play {
    scene: Scene,
    server: Option<Server>,
    client: Client,
    workspace: PathBuf,
    run: RunId,
}

impl Play {
    /// Kills the server once the tool has paid, and starts it again.
    async fn broken_off(definition: &str) -> Self {
        let scene = Scene::new(MODEL);
        let agent = scene.agent("payer", definition, PROGRAM);
        let workspace = scene.workspace("1");
        let server = Some(scene.serve());
        let client = scene.stage.client();
        let run = begin(&client, &talk(&agent, "Pay.", &workspace)).await;
        wait_until("the tool to pay", || ledger(&workspace).len() == 1);
        let mut play = Self { scene, server, client, workspace, run };
        play.restart();
        play
    }

    fn restart(&mut self) {
        self.server.take().expect("it runs").kill9();
        self.server = Some(self.scene.serve());
        self.client = self.scene.stage.client();
        fs::write(self.workspace.join("go"), "").expect("writes");
    }

    /// Answers the gate, and says what the run came to and how often was paid.
    async fn settle(self, gate: &GateView, action: Action, message: Option<&str>) -> (String, usize) {
        self.client.answer_gate(gate.gate_id, &answer(action, message)).await.expect("it is open");
        self.over().await
    }

    async fn over(mut self) -> (String, usize) {
        let view = ended(&self.client, self.run).await;
        assert_eq!(view.status, RunStatus::Completed, "{view:#?}");
        let mut keys = ledger(&self.workspace);
        let paid = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), 1, "one call has one key");
        assert!(self.server.take().expect("it runs").terminate().success());
        self.scene.stage.assert_nothing_left();
        (said(&view).to_owned(), paid)
    }
}

#[tokio::test]
async fn it_waits_with_the_evidence_across_deaths_and_is_asked_once() {
    let mut play = Play::broken_off(PAYS).await;
    let first = gate(&play.client, play.run).await;
    entry(&play.client, play.run, |entry| field(entry, "end") == "parked").await;
    play.restart();
    let open = play.client.list_gates(&ListGates::default()).await.expect("a page").items;
    assert_eq!(open, std::slice::from_ref(&first));
    assert_eq!((first.kind, first.tool.as_deref(), first.deadline), (GateKind::Unknown, Some("pay"), None));
    insta::assert_snapshot!(first.why.as_deref().unwrap_or_default(), @"try 1 of this call, which attempt 1 began, broke off before `pay` answered. Nobody knows whether it took effect, and it is not made again by itself. Approve makes it again; an answer says what it returned; deny leaves it as it is, and the agent is told");
    let paid = answer(Action::Answer, Some("paid"));
    play.client.answer_gate(first.gate_id, &paid).await.expect("it is open");
    ended(&play.client, play.run).await;
    let effect = first.effect_id.expect("it names the call").to_string();
    let journal = events(&play.client, play.run).await;
    let of_the_call = journal.iter().filter(|entry| field(entry, "effect") == effect);
    let kinds: Vec<_> = of_the_call.map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["tool.intended", "tool.unknown", "tool.committed"]);
    assert_eq!(play.over().await, ("Told: paid".into(), 1));
}

#[tokio::test]
async fn it_is_made_again_when_somebody_says_so() {
    let play = Play::broken_off(PAYS).await;
    let gate = gate(&play.client, play.run).await;
    assert_eq!(play.settle(&gate, Action::Approve, None).await, ("Told: paid".into(), 2));
}

#[tokio::test]
async fn the_agent_is_told_when_it_is_left_at_that() {
    let play = Play::broken_off(PAYS).await;
    let gate = gate(&play.client, play.run).await;
    let (said, paid) = play.settle(&gate, Action::Deny, Some("ask the bank")).await;
    insta::assert_snapshot!(said, @"Told: this call broke off, and nobody knows whether it took effect; it is not made again: ask the bank");
    assert_eq!(paid, 1);
}

#[tokio::test]
async fn a_tool_that_can_tell_is_asked_instead() {
    let play = Play::broken_off(PAYS_AND_TELLS).await;
    ended(&play.client, play.run).await;
    assert!(of_kind(&play.client, play.run, "gate.opened").await.is_empty());
    assert_eq!(play.over().await, ("Told: paid".into(), 1));
}

#[tokio::test]
async fn a_server_that_is_told_to_end_leaves_it_in_doubt_too() {
    let scene = Scene::new(MODEL);
    let agent = scene.agent("payer", PAYS, PROGRAM);
    let workspace = scene.workspace("1");
    let server = scene.serve();
    let client = scene.stage.client();
    let run = begin(&client, &talk(&agent, "Pay.", &workspace)).await;
    wait_until("the tool to pay", || ledger(&workspace).len() == 1);
    assert!(server.terminate().success());
    let server = Some(scene.serve());
    let client = scene.stage.client();
    let play = Play { scene, server, client, workspace, run };
    let gate = gate(&play.client, run).await;
    assert_eq!(gate.kind, GateKind::Unknown);
    assert_eq!(play.settle(&gate, Action::Answer, Some("paid")).await, ("Told: paid".into(), 1));
}
