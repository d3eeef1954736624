//! Editing an agent's files does not change a run that has begun.

use std::fs;

use mainspring_api::run::RunStatus;
use serde_json::json;

use crate::harness::{Stage, ended, start, wait_until};

const OLD: &str = "
steps:
  - {id: one, run: [./program]}
  - {id: two, run: [./program]}
";
const NEW: &str = "
steps:
  - {id: one, run: [./program]}
  - {id: two, run: [./program]}
  - {id: three, run: [./program]}
";

/// Notes what it is, and waits at its step's gate.
fn program(edition: &str) -> String {
    format!(
        "#!/bin/sh\necho \"{edition} $MAINSPRING_STEP\" >> \"$STAGE/ledger\"\n\
         until [ -e \"$STAGE/gate.$MAINSPRING_STEP\" ]; do sleep 0.02; done\necho {edition}\n"
    )
}

#[tokio::test]
async fn a_run_goes_on_with_the_files_it_began_with() {
    let stage = Stage::new();
    let agent = stage.agent("edited", OLD, &program("old"));
    let server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    stage.wait_for("old one");
    client.pause(run).await.expect("it runs");
    stage.open_gates(["one"]);
    let first_step =
        || stage.tell(["runs", "show", &run.to_string(), "-o", "json"]).json()["steps"][0]["state"].clone();
    wait_until("the first step to be done", || first_step() == "done");

    stage.agent("edited", NEW, &program("new"));
    server.kill9();
    let (server, client) = (stage.serve(), stage.client());
    assert_eq!(client.run(run).await.expect("known").status, RunStatus::Paused);
    stage.open_gates(["two", "three"]);
    client.resume(run).await.expect("it is paused");
    let old = ended(&client, run).await;
    assert_eq!((old.result, old.steps.len()), (Some(json!("old")), 2));

    let later = start(&client, &agent).await;
    let new = ended(&client, later).await;
    assert_eq!((new.result, new.steps.len()), (Some(json!("new")), 3));
    assert_ne!(old.version, new.version);
    assert_eq!(stage.ledger(), ["old one", "old two", "new one", "new two", "new three"]);
    assert!(server.terminate().success());
    stage.assert_nothing_left();
}

#[tokio::test]
async fn a_run_outlives_the_folder_it_came_from() {
    let stage = Stage::new();
    let agent = stage.agent("removed", OLD, &program("old"));
    let server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    stage.wait_for("old one");
    fs::remove_dir_all(&agent).expect("removes");
    server.kill9();
    let _server = stage.serve();
    stage.open_gates(["one", "two"]);
    assert_eq!(ended(&client, run).await.result, Some(json!("old")));
}
