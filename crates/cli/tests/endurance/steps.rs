//! Everything is killed in each step in turn: what is done stays done, and what was interrupted is done again.

use mainspring_api::run::RunStatus;
use mainspring_testkit::processes::{kill9, kill9_marked, marked};
use mainspring_types::RunId;
use serde_json::json;

use crate::harness::{
    Stage, ended, events, start, wait_until,
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

/// Kills the program of the agent each time it waits at its first gate, with the server and all else alive.
fn kill_the_agent(stage: &Stage, run: RunId, times: u32) {
    for attempt in 1..=times {
        stage.wait_for(&format!("begin one {attempt}"));
        kill9(program_of(run)).expect("it waits at the gate");
    }
}

/// The program of a run's live attempt: its supervisor and init belong to the run too.
fn program_of(run: RunId) -> u32 {
    let found = marked(&run.to_string());
    let program = found.iter().find(|process| process.command.contains("./program"));
    program.unwrap_or_else(|| panic!("no program among {found:?}")).pid
}

const ONE_STEP: &str = "steps: [{id: one, run: [./program]}]\n";

#[tokio::test]
async fn an_agent_that_is_killed_is_started_again_and_that_counts_as_no_failure() {
    let stage = Stage::new();
    let agent = stage.agent("gated", ONE_STEP, GATED);
    let _server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    kill_the_agent(&stage, run, 2);
    stage.open_gates(["one"]);
    let run = ended(&client, run).await;
    assert_eq!((run.status, run.result), (RunStatus::Completed, Some(json!(["one 3"]))));
    assert_eq!((run.steps[0].attempts, run.steps[0].failures), (3, 0));
    assert_eq!(stage.ledger(), ["begin one 1", "begin one 2", "begin one 3", "done one 3"]);
}

#[tokio::test]
async fn an_agent_that_is_killed_again_and_again_waits_for_somebody_to_look() {
    let stage = Stage::new();
    let agent = stage.agent("gated", ONE_STEP, GATED);
    let _server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    kill_the_agent(&stage, run, 5);
    let is_parked =
        || stage.tell(["runs", "show", &run.to_string(), "-o", "json"]).json()["waiting"]["reason"] == "lost";
    wait_until("the run to be parked", is_parked);
    client.resume(run).await.expect("it is parked");
    stage.open_gates(["one"]);
    assert_eq!(ended(&client, run).await.result, Some(json!(["one 6"])));
}

#[tokio::test]
async fn an_agent_that_ends_by_another_signal_has_failed() {
    let stage = Stage::new();
    let again = "steps: [{id: one, run: [./program], retry: {attempts: 2, delay: 50ms}}]\n";
    let crashes = "#!/bin/sh\n[ $MAINSPRING_ATTEMPT = 2 ] && echo done || kill -SEGV $$\n";
    let (once, twice) = (stage.agent("once", ONE_STEP, crashes), stage.agent("twice", again, crashes));
    let _server = stage.serve();
    let client = stage.client();
    let run = start(&client, &once).await;
    let error = ended(&client, run).await.error.expect("it failed");
    assert_eq!(words(&error), "E2001: the agent was ended by signal 11 (SIGSEGV)");
    let way_out = format!("see what it wrote with `mainspring runs events {run}`");
    assert_eq!(error.suggestion, Some(way_out));
    let run = start(&client, &twice).await;
    let run = ended(&client, run).await;
    assert_eq!((run.status, run.steps[0].attempts, run.steps[0].failures), (RunStatus::Completed, 2, 1));
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
