//! What an agent finds around it, and what it is held to.

use std::{fs, io::Read as _, os::unix::net::UnixListener, path::PathBuf};

use mainspring_api::worker::{Boundary, Note};

use crate::fixture::Agent;

#[tokio::test]
async fn the_environment_is_this_and_no_more() {
    let agent = Agent::command(&["env"]);
    let attempt = agent.start();
    let run = attempt.run;
    let output = attempt.finish().await.output();
    let mut found: Vec<&str> = output.lines().collect();
    found.sort_unstable();
    let place = agent.work_folder().join(run.to_string()).join("go");
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

fn gateway(families: &[&str], socket: Option<PathBuf>) -> Boundary {
    let families = families.iter().map(|&family| family.to_owned()).collect();
    Boundary {
        url: "http://127.0.0.1:7118".to_owned(),
        socket,
        token: "mst_1".to_owned(),
        families,
        model: None,
        providers: std::collections::BTreeMap::new(),
    }
}

#[tokio::test]
async fn the_gateway_stands_where_clients_look_for_a_provider() {
    let own =
        ["HOME", "LANG", "MAINSPRING_ATTEMPT", "MAINSPRING_RUN_ID", "MAINSPRING_STEP", "PATH", "TMPDIR"];
    let found = |families: &'static [&'static str]| async move {
        let output = Agent::command(&["env"]).boundary(gateway(families, None)).run().await.output();
        let mut found: Vec<String> = output.lines().map(str::to_owned).collect();
        found.retain(|line| !own.iter().any(|name| line.starts_with(&format!("{name}="))));
        found.sort_unstable();
        found
    };
    let always = [
        "AGNO_TELEMETRY=false",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
        "CREWAI_DISABLE_TELEMETRY=true",
        "DO_NOT_TRACK=1",
        "MAINSPRING_GATEWAY_URL=http://127.0.0.1:7118",
        "OPENAI_AGENTS_DISABLE_TRACING=1",
        "PYTHONUNBUFFERED=1",
    ];
    let providers = [
        "ANTHROPIC_API_KEY=mst_1",
        "ANTHROPIC_BASE_URL=http://127.0.0.1:7118",
        "GEMINI_API_KEY=mst_1",
        "GOOGLE_API_KEY=mst_1",
        "GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:7118",
        "LLM_BASE_URL=http://127.0.0.1:7118/v1",
        "LLM_PROVIDER=openai",
        "OLLAMA_HOST=http://127.0.0.1:7118/a/mst_1",
        "OPENAI_API_BASE=http://127.0.0.1:7118/v1",
        "OPENAI_API_KEY=mst_1",
        "OPENAI_BASE_URL=http://127.0.0.1:7118/v1",
    ];
    assert_eq!(found(&[]).await, always);
    let mut all = [&always[..], &providers].concat();
    all.sort_unstable();
    assert_eq!(found(&["anthropic", "openai", "gemini"]).await, all);
}

const CONNECT: &str = "import os, socket
line = socket.socket(socket.AF_UNIX)
line.connect(os.environ['MAINSPRING_GATEWAY_SOCKET'])
line.sendall(b'hello')
print(os.listdir(os.path.dirname(os.environ['MAINSPRING_GATEWAY_SOCKET'])))";

#[tokio::test]
async fn the_gateways_socket_is_reached_in_the_hidden_data_folder() {
    let agent = Agent::command(&["python3", "-c", CONNECT]);
    let socket = agent.data().join("gateway.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let heard = tokio::task::spawn_blocking(move || {
        let mut heard = String::new();
        listener.accept().expect("a connection").0.read_to_string(&mut heard).map(|_| heard)
    });
    let done = agent.boundary(gateway(&[], Some(socket))).run().await;
    assert!(done.output().contains("gateway.sock"), "{}", done.output());
    assert_eq!(heard.await.expect("no panic").expect("text"), "hello");
}

#[tokio::test]
async fn what_a_definition_sets_goes_before_the_gateway() {
    let agent =
        Agent::script("echo $OPENAI_BASE_URL $DO_NOT_TRACK").variable("OPENAI_BASE_URL", "http://mine");
    assert_eq!(agent.boundary(gateway(&["openai"], None)).run().await.output(), "http://mine 1");
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
    let place = agent.work_folder().join(attempt.run.to_string()).join("go");
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
    fs::create_dir_all(agent.work_folder().join("run_1/go/agent")).expect("made");
    agent.run().await;
    assert_eq!(fs::read_dir(agent.work_folder()).expect("kept").count(), 0);
}
