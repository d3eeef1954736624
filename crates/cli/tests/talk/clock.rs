//! Deadlines of gates are times of the wall: they pass while nothing runs and on a clock that is moved, and count once.

use std::{path::PathBuf, thread, time::Duration};

use mainspring_api::{
    client::Client,
    event::EventView,
    gate::{Action, GateKind, GateState, GateView},
    run::RunStatus,
};
use mainspring_types::{RunId, Timestamp};
use serde_json::json;

use crate::{
    harness::{Server, ended, wire::Ask},
    scene::{Scene, answer, begin, field, gate, ledger, of_kind, said, talk},
};

const MODEL: &str = "
version: 1
rules:
  - match: {last_user: Hello}
    reply: {text: Hello to you.}
  - match: {step: 0}
    reply: {tool_calls: [{name: pay, arguments: {}}]}
  - match: {last_role: tool}
    reply: {text: \"Told: ${last_tool_result}\"}
";

/// The start of a definition whose one tool needs an approval; `gates` follows.
const PAYS: &str = "
tools: [{name: pay, description: Pays., run: [./program], effect: irreversible}]
approvals: {pay: ask}
";

const PROGRAM: &str = "#!/bin/sh\necho paid >> \"$MAINSPRING_WORKSPACE/ledger\"\nprintf paid\n";

const UNPAID: &str = "Told: nobody approved this call in time, so it was not made";

/// A run that waits for an approval.
struct Asked {
    scene: Scene,
    client: Client,
    workspace: PathBuf,
    run: RunId,
    gate: GateView,
}

/// Starts a run whose gate has this policy, and waits until it waits.
async fn asked(gates: &str) -> (Asked, Server) {
    let scene = Scene::new(MODEL);
    let agent = scene.agent("payer", &format!("{PAYS}gates: {gates}\n"), PROGRAM);
    let workspace = scene.workspace("1");
    let server = scene.serve();
    let client = scene.stage.client();
    let run = begin(&client, &talk(&agent, "Pay.", &workspace)).await;
    let gate = gate(&client, run).await;
    assert_eq!(
        (gate.kind, gate.state, gate.tool.as_deref()),
        (GateKind::Approval, GateState::Open, Some("pay"))
    );
    (Asked { scene, client, workspace, run, gate }, server)
}

impl Asked {
    /// Waits for the end of the run, whose gate was settled once and so: `ACTION by WHOM`. Says what it came to.
    async fn settled(&self, how: &str) -> String {
        let run = ended(&self.client, self.run).await;
        assert_eq!(run.status, RunStatus::Completed, "{run:#?}");
        let told = |entry: &EventView| format!("{} by {}", field(entry, "action"), field(entry, "by"));
        let settled: Vec<_> =
            of_kind(&self.client, self.run, "gate.settled").await.iter().map(told).collect();
        assert_eq!(settled, [how]);
        said(&run).to_owned()
    }

    fn ledger(&self) -> Vec<String> {
        ledger(&self.workspace)
    }

    /// What an answer over HTTP is told that comes too late.
    fn answer_late(&self) -> String {
        let line = format!("POST /api/v1/gates/{}/answer", self.gate.gate_id);
        let stage = &self.scene.stage;
        let reply = Ask::to(stage, &line).json(&json!({"action": "approve"})).send(stage.address());
        let deadline = self.gate.deadline.expect("it has one").to_string();
        reply.problem().replace(&self.gate.gate_id.to_string(), "GATE").replace(&deadline, "DEADLINE")
    }
}

/// Waits until the deadline of the gate is over.
fn let_pass(gate: &GateView) {
    let left = gate.deadline.expect("it has one").as_millis() - Timestamp::now().as_millis();
    thread::sleep(Duration::from_millis(u64::try_from(left).unwrap_or_default() + 50));
}

#[tokio::test]
async fn a_deadline_that_passes_while_nothing_runs_denies_once_after_the_start() {
    let (asked, server) = asked("{deadline: 1s, default: deny}").await;
    server.kill9();
    let_pass(&asked.gate);
    let server = asked.scene.serve();
    assert_eq!(asked.settled("deny by deadline").await, UNPAID);
    insta::assert_snapshot!(asked.answer_late(), @"
    409 E1701: gate GATE is settled: its deadline passed at DEADLINE
      the first answer counts; see it with `mainspring gates show GATE`
    ");
    // A server that is started once more has nothing to take a second time.
    server.kill9();
    let _server = asked.scene.serve();
    asked.settled("deny by deadline").await;
    assert_eq!(asked.client.gate(asked.gate.gate_id).await.expect("known").state, GateState::Expired);
    assert!(asked.ledger().is_empty());
}

#[tokio::test]
async fn a_deadline_that_passes_while_nothing_runs_approves_once_after_the_start() {
    let (asked, server) = asked("{deadline: 1s, default: approve}").await;
    server.kill9();
    let_pass(&asked.gate);
    let server = asked.scene.serve();
    assert_eq!(asked.settled("approve by deadline").await, "Told: paid");
    insta::assert_snapshot!(asked.answer_late(), @"
    409 E1701: gate GATE is settled: its deadline passed at DEADLINE
      the first answer counts; see it with `mainspring gates show GATE`
    ");
    server.kill9();
    let _server = asked.scene.serve();
    asked.settled("approve by deadline").await;
    assert_eq!(asked.ledger(), ["paid"]);
}

#[tokio::test]
async fn an_approval_after_a_restart_lets_the_run_go_on() {
    let (asked, server) = asked("{deadline: 24h}").await;
    server.kill9();
    let server = asked.scene.serve();
    let open = asked.client.gate(asked.gate.gate_id).await.expect("known");
    assert_eq!(open, asked.gate);
    asked.client.answer_gate(open.gate_id, &answer(Action::Approve, None)).await.expect("it is open");
    assert_eq!(asked.settled("approve by admin").await, "Told: paid");
    assert_eq!(asked.ledger(), ["paid"]);
    assert!(server.terminate().success());
    asked.scene.stage.assert_nothing_left();
}

#[tokio::test]
async fn an_answer_while_no_server_runs_counts() {
    let (asked, server) = asked("{deadline: 24h}").await;
    server.kill9();
    let told = asked.scene.stage.tell(["gates", "approve", &asked.gate.gate_id.to_string()]);
    assert_eq!(told.code(), Some(0), "{}", told.err);
    let _server = asked.scene.serve();
    assert_eq!(asked.settled("approve by admin").await, "Told: paid");
    assert_eq!(asked.ledger(), ["paid"]);
}

#[tokio::test]
async fn a_deadline_passes_on_a_clock_that_was_moved_forward_while_nothing_ran() {
    let (asked, server) = asked("{deadline: 1h}").await;
    let clock = asked.scene.clock();
    server.kill9();
    let _server = asked.scene.serve_at(&clock, "7200");
    assert_eq!(asked.settled("deny by deadline").await, UNPAID);
    assert!(asked.ledger().is_empty());
}

#[tokio::test]
async fn an_approval_counts_on_a_clock_that_was_moved_back_while_nothing_ran() {
    let (asked, server) = asked("{deadline: 1h}").await;
    let clock = asked.scene.clock();
    server.kill9();
    let _server = asked.scene.serve_at(&clock, "-86400");
    // One that has no connection to the server before.
    let client = asked.scene.stage.client();
    client.answer_gate(asked.gate.gate_id, &answer(Action::Approve, None)).await.expect("it is open");
    assert_eq!(asked.settled("approve by admin").await, "Told: paid");
    assert_eq!(asked.ledger(), ["paid"]);
}

#[tokio::test]
async fn a_conversation_ends_when_nobody_goes_on_with_it_in_time_and_nothing_runs() {
    let scene = Scene::new(MODEL);
    let waits = "session: {mode: conversation, input_deadline: 1s}\n";
    let agent = scene.agent("talker", waits, "");
    let workspace = scene.workspace("1");
    let server = scene.serve();
    let client = scene.stage.client();
    let run = begin(&client, &talk(&agent, "Hello.", &workspace)).await;
    let gate = gate(&client, run).await;
    server.kill9();
    let_pass(&gate);
    let _server = scene.serve();
    let asked = Asked { scene, client, workspace, run, gate };
    assert_eq!(asked.settled("end by deadline").await, "Hello to you.");
}
