//! Commands without a server: they take up what was left over when they run, and leave it alone when they look.

use std::{fs, path::PathBuf};

use mainspring_testkit::processes::assert_none_left;
use mainspring_types::RunId;
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Stage, ended, start};

/// Notes its name and attempt, and waits at the gate of that name.
fn gated(stage: &Stage, name: &str) -> PathBuf {
    let program = format!(
        "#!/bin/sh\necho \"{name} $MAINSPRING_ATTEMPT\" >> \"$STAGE/ledger\"\n\
         until [ -e \"$STAGE/gate.{name}\" ]; do sleep 0.02; done\necho {name}\n"
    );
    stage.agent(name, "steps: [{id: go, run: [./program]}]\n", &program)
}

/// A stage with no server, and an unfinished run that had begun.
async fn left_over() -> (Stage, RunId) {
    let stage = Stage::new();
    let left = gated(&stage, "left");
    let server = stage.serve();
    let run = start(&stage.client(), &left).await;
    stage.wait_for("left 1");
    server.kill9();
    assert_none_left(stage.marker(), PATIENCE);
    (stage, run)
}

#[tokio::test]
async fn a_run_without_a_server_takes_up_what_was_left_and_says_what_it_leaves() {
    let (stage, left) = left_over().await;
    let own = gated(&stage, "own");
    let told = std::thread::scope(|scope| {
        let told = scope.spawn(|| stage.tell(["run", own.to_str().expect("plain")]));
        stage.wait_for("left 2");
        stage.open_gates(["own"]);
        told.join().expect("it ends")
    });
    assert_eq!((told.code(), told.out.as_str()), (Some(0), "own\n"), "{}", told.err);
    let last = told.err.lines().last().map(|line| line.replace(&left.to_string(), "RUN"));
    insta::assert_snapshot!(last.expect("words"), @"leaves 1 unfinished run waiting (RUN); they go on with `mainspring serve` or the next `mainspring run`");
    stage.assert_nothing_left();

    let _server = stage.serve();
    stage.open_gates(["left"]);
    let run = ended(&stage.client(), left).await;
    assert_eq!((run.result, run.steps[0].failures), (Some(json!("left")), 0));
}

#[tokio::test]
async fn looking_without_a_server_changes_no_attempt() {
    let (stage, left) = left_over().await;
    let show = || -> Value { stage.tell(["runs", "show", &left.to_string(), "-o", "json"]).json() };
    let first = show();
    for look in
        [vec!["runs", "list"], vec!["why", &left.to_string()], vec!["runs", "events", &left.to_string()]]
    {
        assert_eq!(stage.tell(look).code(), Some(0));
    }
    assert_eq!(show(), first);
    assert_eq!(stage.ledger(), ["left 1"]);
    let _server = stage.serve();
    stage.open_gates(["left"]);
    let run = ended(&stage.client(), left).await;
    assert_eq!((run.attempts, run.steps[0].failures), (2, 0));
    assert_eq!(stage.ledger(), ["left 1", "left 2"]);
}

#[test]
fn a_detached_run_has_a_server_that_ends_when_it_is_idle() {
    let stage = Stage::new();
    fs::create_dir_all(stage.data()).expect("makes a folder");
    fs::write(stage.data().join("config.toml"), "idle_shutdown = \"500ms\"\n").expect("writes");
    let agent = gated(&stage, "slow");
    let told = stage.tell(["run", agent.to_str().expect("plain"), "--detach"]);
    assert_eq!(told.code(), Some(0), "{}", told.err);
    let run: RunId = told.out.trim_end().parse().expect("the run's id, alone");
    stage.wait_for("slow 1");
    // It is busy for longer than it may be idle.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(stage.tell(["runs", "list", "--status", "running"]).out.matches("slow").count(), 1);
    stage.open_gates(["slow"]);
    assert_none_left(stage.marker(), PATIENCE);
    stage.assert_nothing_left();
    let shown = stage.tell(["runs", "show", &run.to_string(), "-o", "json"]).json();
    assert_eq!((&shown["result"], &shown["attempts"]), (&json!("slow"), &json!(1)));
}
