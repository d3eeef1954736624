//! What an agent finds around it, and what it is held to.

use std::fs;

use mainspring_api::worker::Note;

use crate::fixture::Agent;

#[tokio::test]
async fn the_environment_is_this_and_no_more() {
    let agent = Agent::command(&["env"]);
    let attempt = agent.start();
    let run = attempt.run;
    let output = attempt.finish().await.output();
    let mut found: Vec<&str> = output.lines().collect();
    found.sort_unstable();
    let place = agent.work_folder().join(run.to_string()).join("go.1");
    let place = place.display();
    let expected = [
        format!("HOME={place}/home"),
        "LANG=C.UTF-8".to_owned(),
        "MAINSPRING_ATTEMPT=1".to_owned(),
        format!("MAINSPRING_RUN_ID={run}"),
        "MAINSPRING_STEP=go".to_owned(),
        "PATH=/usr/local/bin:/usr/bin:/bin".to_owned(),
        format!("TMPDIR={place}/tmp"),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_package_has_its_environment_first_in_the_path() {
    let source = "import json, os, sys\n\
        print(json.dumps({'path': os.environ['PATH'], 'home': os.environ['VIRTUAL_ENV'], 'prefix': sys.prefix}))";
    let output = Agent::package(source).run().await.output();
    let found: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    let home = found["home"].as_str().expect("set");
    assert_eq!(found["path"], format!("{home}/bin:/usr/local/bin:/usr/bin:/bin"));
    assert_eq!(found["prefix"], home);
}

#[tokio::test]
async fn its_folders_are_private_and_go_with_the_attempt() {
    let agent = Agent::script("umask 0; touch left; touch $HOME/left; stat -c %a .. $HOME $TMPDIR; pwd");
    let attempt = agent.start();
    let place = agent.work_folder().join(attempt.run.to_string()).join("go.1");
    let output = attempt.finish().await.output();
    assert_eq!(output, format!("700\n700\n700\n{}/agent", place.display()));
    assert_eq!(fs::read_dir(agent.work_folder()).expect("kept").count(), 0);
}

#[tokio::test]
async fn the_data_folder_is_out_of_reach() {
    let agent = Agent::script(r#"cat "$0/admin.key" 2>/dev/null || echo refused; touch mine && echo ok"#);
    fs::write(agent.data().join("admin.key"), "the key").expect("written");
    let data = agent.data().to_str().expect("UTF-8").to_owned();
    let done = agent.argument(&data).run().await;
    let is_open = |note: &Note| matches!(note, Note::Started { isolation } if isolation["hiding"] == "none");
    // Where the machine can hide nothing, the record says so.
    let key = if done.notes.iter().any(is_open) { "the key" } else { "refused\n" };
    assert_eq!(done.output(), format!("{key}ok"));
}

#[tokio::test]
async fn limits_are_the_kernels() {
    let files = Agent::script("exec 2>/dev/null; head -c 3000000 /dev/zero > big; stat -c %s big");
    assert_eq!(files.limit("file_size", 1_000_000).run().await.output(), "1000000");

    let source = "x = bytearray(400_000_000)\nprint('{}')";
    let done = Agent::package(source).limit("memory", 200_000_000).run().await;
    assert_eq!(done.refusal(), "E2070: the agent used more memory than its limit of 200.0 MB");
}

#[tokio::test]
async fn a_worker_removes_what_one_before_it_left() {
    let agent = Agent::script("echo done");
    fs::create_dir_all(agent.work_folder().join("run_1/go.1/agent")).expect("made");
    agent.run().await;
    assert_eq!(fs::read_dir(agent.work_folder()).expect("kept").count(), 0);
}
