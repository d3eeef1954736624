//! Everything is killed in each step in turn: what is done stays done, and what was interrupted is done again.

use mainspring_api::run::{RunStatus, RunView};
use mainspring_testkit::processes::{kill9, kill9_marked, marked};
use mainspring_types::RunId;
use serde_json::json;

use crate::harness::{
    Stage, ended, events, start,
    wire::{Ask, Frame, frames},
    words,
};

const STEPS: [&str; 3] = ["one", "two", "three"];

const DEFINITION: &str = "
steps:
  - {id: one, run: [./program]}
  - {id: two, run: [./program]}
  - {id: three, run: [./program]}
";

/// Notes when it begins and when it is done, waits at its step's gate between, and adds itself to what came before.
const GATED: &str = r#"#!/usr/bin/env python3
import json, os, sys, time

stage, step, attempt = (os.environ[name] for name in ("STAGE", "MAINSPRING_STEP", "MAINSPRING_ATTEMPT"))

def note(what):
    with open(f"{stage}/ledger", "a") as ledger:
        ledger.write(f"{what} {step} {attempt}\n")

call = json.load(sys.stdin)
note("begin")
while not os.path.exists(f"{stage}/gate.{step}"):
    time.sleep(0.01)
note("done")
print(json.dumps([*(call["previous"] or []), f"{step} {attempt}"]))
"#;

#[tokio::test]
async fn a_kill_of_everything_in_any_step_repeats_that_step_alone() {
    let stage = Stage::new();
    let agent = stage.agent("gated", DEFINITION, GATED);
    let mut server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    for step in STEPS {
        stage.wait_for(&format!("begin {step} 1"));
        server.kill9();
        kill9_marked(stage.marker());
        server = stage.serve();
        stage.wait_for(&format!("begin {step} 2"));
        stage.open_gates([step]);
    }
    let run = ended(&client, run).await;
    assert_eq!(run.result, Some(json!(["one 2", "two 2", "three 2"])));
    let tries: Vec<_> = run.steps.iter().map(|step| (step.attempts, step.failures)).collect();
    assert_eq!(tries, [(2, 0); 3]);
    let each = |step| [format!("begin {step} 1"), format!("begin {step} 2"), format!("done {step} 2")];
    assert_eq!(stage.ledger(), STEPS.map(each).concat());
    assert!(server.terminate().success());
    stage.assert_nothing_left();
}

#[tokio::test]
async fn a_server_that_is_told_to_end_leaves_its_attempt_to_the_next() {
    let stage = Stage::new();
    let agent = stage.agent("gated", DEFINITION, GATED);
    let server = stage.serve();
    let run = start(&stage.client(), &agent).await;
    stage.open_gates(["one"]);
    stage.wait_for("begin two 1");
    assert!(server.terminate().success());
    stage.assert_nothing_left();
    let _server = stage.serve();
    stage.wait_for("begin two 2");
    stage.open_gates(STEPS);
    let run = ended(&stage.client(), run).await;
    assert_eq!((run.result, run.attempts), (Some(json!(["one 1", "two 2", "three 1"])), 4));
}

/// Kills the program of the agent, with the server and all else alive, as soon as it waits at its first gate.
async fn kill_the_agent_once(definition: &str) -> (Stage, RunView) {
    let stage = Stage::new();
    let agent = stage.agent("gated", definition, GATED);
    let _server = stage.serve();
    let run = start(&stage.client(), &agent).await;
    stage.wait_for("begin one 1");
    kill9(program_of(run)).expect("it waits at the gate");
    stage.open_gates(["one"]);
    let run = ended(&stage.client(), run).await;
    (stage, run)
}

/// The program of a run's live attempt: its supervisor and init belong to the run too.
fn program_of(run: RunId) -> u32 {
    let found = marked(&run.to_string());
    let program = found.iter().find(|process| process.command.contains("./program"));
    program.unwrap_or_else(|| panic!("no program among {found:?}")).pid
}

#[tokio::test]
async fn an_agent_that_is_killed_fails_and_says_by_what() {
    let (_stage, run) = kill_the_agent_once("steps: [{id: one, run: [./program]}]\n").await;
    assert_eq!((run.status, run.attempts), (RunStatus::Failed, 1));
    let error = run.error.expect("it failed");
    assert_eq!(words(&error), "E2001: the agent was ended by signal 9 (SIGKILL)");
    let way_out = format!("see what it wrote with `mainspring runs events {}`", run.run_id);
    assert_eq!(error.suggestion, Some(way_out));
}

#[tokio::test]
async fn a_killed_agent_is_tried_again_where_its_definition_says_so() {
    let again = "steps: [{id: one, run: [./program], retry: {attempts: 2, delay: 50ms}}]\n";
    let (stage, run) = kill_the_agent_once(again).await;
    assert_eq!((run.status, run.result), (RunStatus::Completed, Some(json!(["one 2"]))));
    assert_eq!((run.steps[0].attempts, run.steps[0].failures), (2, 1));
    assert_eq!(stage.ledger(), ["begin one 1", "begin one 2", "done one 2"]);
}

#[tokio::test]
async fn a_stream_goes_on_after_its_last_event_when_the_server_was_killed() {
    let stage = Stage::new();
    let agent = stage.agent("gated", DEFINITION, GATED);
    let server = stage.serve();
    let run = start(&stage.client(), &agent).await;
    let line = format!("GET /api/v1/runs/{run}/events");

    let (status, mut stream) = Ask::to(&stage, &line).open(stage.address());
    assert_eq!(status, 200);
    let mut seen = Vec::new();
    for frame in frames(&mut stream) {
        seen.push(frame);
        if seen.last().is_some_and(|frame| frame.event == "attempt.started") {
            break;
        }
    }
    server.kill9();
    seen.extend(frames(&mut stream));

    let _server = stage.serve();
    stage.open_gates(STEPS);
    let last = seen.last().expect("it began").id.to_string();
    let (status, mut stream) = Ask::to(&stage, &line).header("Last-Event-ID", &last).open(stage.address());
    assert_eq!(status, 200);
    seen.extend(frames(&mut stream));

    let ids: Vec<u64> = seen.iter().map(|frame| frame.id).collect();
    assert_eq!(ids, (1..=seen.len() as u64).collect::<Vec<_>>());
    let recorded = events(&stage.client(), run).await.into_iter();
    assert_eq!(seen, recorded.map(|event| Frame { id: event.seq, event: event.kind }).collect::<Vec<_>>());
    assert_eq!(seen.last().expect("it ended").event, "run.completed");
}
