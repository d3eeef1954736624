//! Agents that will not die, and agents that take more than their share: both end, and what is beside them goes on.

use std::{fs::File, process::Stdio, time::Duration};

use mainspring_api::{
    client::Client,
    event::EventView,
    run::{CancelRun, Level, RunStatus},
};
use mainspring_testkit::processes::{assert_none_left, marked};
use mainspring_types::RunId;
use rustix::process::Signal;

use crate::harness::{Server, Stage, ended, events, last_error, signal, start, wait_for, words};

const ONE_STEP: &str = "steps: [{id: go, run: [./program]}]\n";

/// From the moment an agent is told to end until nothing of it is left.
const END_MAX_MS: i64 = 2_000;

/// What an agent may make the server remember while it floods its output.
const GROWTH_MAX: u64 = 150_000_000;

/// Ignores every signal it can, forks into sessions and environments of its own, and floods both streams for ever.
///
/// It notes `ready` once it is out of reach, and `flooded` after 320 MB on each stream.
const STUBBORN: &str = r#"#!/usr/bin/env python3
import os, signal

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)

def note(line):
    with open(os.environ["STAGE"] + "/ledger", "a") as ledger:
        ledger.write(line + "\n")

run = os.environ["MAINSPRING_RUN_ID"]
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        os.chdir("/")
        if os.fork() == 0:
            os.execve("/bin/sh", ["sh", "-c", "while :; do sleep 1; done", run], {})
        break
else:
    note("ready")
    block = b"out of my way\n" * 4096
    for _ in range(320_000_000 // len(block)):
        os.write(1, block)
        os.write(2, block)
    note("flooded")
while True:
    os.write(2, b"and again\n" * 1000)
"#;

/// A server with a stubborn agent at work.
async fn stubborn() -> (Stage, Server, Client, RunId) {
    let stage = Stage::new();
    let agent = stage.agent("stubborn", ONE_STEP, STUBBORN);
    let server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    stage.wait_for("ready");
    (stage, server, client, run)
}

/// Milliseconds from the entry of this kind to the last one.
fn until_end(events: &[EventView], kind: &str) -> i64 {
    let told =
        events.iter().find(|event| event.kind == kind).unwrap_or_else(|| panic!("no {kind}: {events:?}"));
    events.last().expect("it ended").at.as_millis() - told.at.as_millis()
}

#[tokio::test]
async fn a_cancel_ends_it_within_two_seconds_at_either_level() {
    for level in [Level::Stop, Level::Kill] {
        let (stage, server, client, run) = stubborn().await;
        client.cancel(run, &CancelRun { level, reason: None }).await.expect("accepted");
        let view = ended(&client, run).await;
        assert_none_left(&run.to_string(), Duration::ZERO);
        assert_eq!(view.status, RunStatus::Cancelled);
        let took = until_end(&events(&client, run).await, "run.cancel_requested");
        assert!(took < END_MAX_MS, "{level:?}: {took} ms");
        assert!(server.terminate().success());
        stage.assert_nothing_left();
    }
}

#[test]
fn a_time_limit_ends_it_within_two_seconds_and_the_error_says_so() {
    let stage = Stage::new();
    let agent = stage.agent("stubborn", ONE_STEP, STUBBORN);
    let told = stage.tell(["run", agent.to_str().expect("plain"), "--timeout", "1500ms"]);
    stage.assert_nothing_left();
    assert_eq!(told.code(), Some(1));
    insta::assert_snapshot!(told.error(), @"
    error[E2002]: the run took longer than its 1.5 s, in step `go`
      hint: give it more time with `--timeout`, or see with `mainspring runs events` where it went
      docs: docs/errors/E2002.md
    ");
    assert!(stage.ledger().contains(&"ready".to_owned()), "it was not ready");
    let took = until_end(&journal(&stage), "timer.fired");
    assert!(took < END_MAX_MS, "{took} ms");
}

/// Every entry of the only run, as the command shows it with no server.
fn journal(stage: &Stage) -> Vec<EventView> {
    let listed = stage.tell(["runs", "list", "-o", "json"]).json();
    let run = listed["items"][0]["run_id"].as_str().expect("one run").to_owned();
    let told = stage.tell(["runs", "events", &run, "-o", "json"]);
    told.out.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect()
}

#[test]
fn one_ctrl_c_ends_it_within_two_seconds() {
    let stage = Stage::new();
    let agent = stage.agent("stubborn", ONE_STEP, STUBBORN);
    let said = stage.path("said");
    let mut command = stage.command();
    command.arg("run").arg(&agent).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.stderr(File::create(&said).expect("makes a file")).spawn().expect("starts");
    stage.wait_for("ready");
    signal(child.id(), Signal::INT);
    assert_eq!(wait_for(&mut child).code(), Some(1));
    stage.assert_nothing_left();
    let took = until_end(&journal(&stage), "run.cancel_requested");
    assert!(took < END_MAX_MS, "{took} ms");
    let said = std::fs::read_to_string(said).expect("text");
    insta::assert_snapshot!(last_error(&said), @"
    error[E2004]: the run was cancelled: interrupted at the terminal
      hint: start it again when it is wanted
      docs: docs/errors/E2004.md
    ");
}

#[tokio::test]
async fn a_flood_of_output_does_not_grow_the_server_nor_hold_up_a_neighbour() {
    let (stage, server, client, run) = stubborn().await;
    let before = server.peak_memory();
    let neighbour = neighbour(&stage, &client).await;
    stage.wait_for("flooded");
    client.cancel(run, &CancelRun { level: Level::Kill, reason: None }).await.expect("accepted");
    ended(&client, run).await;
    let grown = server.peak_memory() - before;
    assert!(grown < GROWTH_MAX, "the server grew by {grown} bytes");
    assert_eq!(neighbour, RunStatus::Completed);
    // What is kept of the flood is bounded too.
    assert!(events(&client, run).await.len() < 100);
}

/// How a short run ends that begins now.
async fn neighbour(stage: &Stage, client: &Client) -> RunStatus {
    let agent = stage.agent("neighbour", ONE_STEP, "#!/bin/sh\necho here\n");
    let run = start(client, &agent).await;
    ended(client, run).await.status
}

#[tokio::test]
async fn a_memory_bomb_says_so_and_takes_nobody_along() {
    let stage = Stage::new();
    let bomb = "#!/usr/bin/env python3\nheap = []\nwhile True: heap.append(bytearray(8_000_000))\n";
    let agent = stage.agent("bomb", &format!("limits: {{memory: 64MB}}\n{ONE_STEP}"), bomb);
    let _server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    assert_eq!(neighbour(&stage, &client).await, RunStatus::Completed);
    let error = ended(&client, run).await.error.expect("it failed");
    assert_eq!(words(&error), "E2070: the agent used more memory than its limit of 64.0 MB");
    assert_none_left(&run.to_string(), Duration::ZERO);
}

/// Forks, and so do its children, until the kernel refuses.
const FORKS: &str = r#"#!/usr/bin/env python3
import os, time

while True:
    try:
        os.fork()
    except OSError as refused:
        with open(os.environ["STAGE"] + "/ledger", "a") as ledger:
            ledger.write(f"{refused.strerror}\n")
        time.sleep(600)
"#;

#[tokio::test]
async fn a_fork_bomb_stays_within_its_processes_and_server_and_neighbours_go_on() {
    let stage = Stage::new();
    let agent = stage.agent("forks", &format!("limits: {{processes: 24}}\n{ONE_STEP}"), FORKS);
    let mut server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    stage.wait_for("Resource temporarily unavailable");
    // The init of the agent and its supervisor may be among them.
    assert!(marked(&run.to_string()).len() <= 24 + 2);
    assert_eq!(neighbour(&stage, &client).await, RunStatus::Completed);
    client.cancel(run, &CancelRun { level: Level::Kill, reason: None }).await.expect("accepted");
    assert_eq!(ended(&client, run).await.status, RunStatus::Cancelled);
    assert_none_left(&run.to_string(), Duration::ZERO);
    assert!(server.is_alive());
}

#[tokio::test]
async fn a_file_over_the_limit_is_not_written() {
    let stage = Stage::new();
    let writes = "#!/bin/sh\nexec head -c 2000000 /dev/zero > large\n";
    let agent = stage.agent("writes", &format!("limits: {{file_size: 1MB}}\n{ONE_STEP}"), writes);
    let _server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    let error = ended(&client, run).await.error.expect("it failed");
    assert_eq!(words(&error), "E2001: the agent was ended by signal 25 (SIGXFSZ)");
}
