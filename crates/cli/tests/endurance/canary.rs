//! An agent that attacks: it reads what an agent can read, and prints all of it; no secret may come out anywhere.

use std::{fs, process};

use mainspring_api::run::RunStatus;
use serde_json::{Value, json};

use crate::harness::{Secrets, Stage, ended, request, start, wire::Ask};

const ONE_STEP: &str = "steps: [{id: go, run: [./program]}]\n";

/// Keeps a secret in its working folder until its gate opens.
const NEIGHBOUR: &str = r#"#!/bin/sh
echo "$(cat)" > diary
echo begin >> "$STAGE/ledger"
until [ -e "$STAGE/gate.go" ]; do sleep 0.02; done
"#;

/// Tries each attack, prints the loot, and answers with what became of it.
const ATTACKER: &str = r#"#!/usr/bin/env python3
import ctypes, glob, json, os, socket, stat, sys

call = json.load(sys.stdin)["input"]
data, server = os.environ["HOME"].split("/work/")[0], call["server"]
libc = ctypes.CDLL(None, use_errno=True)
became, loot = {}, []

def attack(name, take):
    try:
        taken = take()
        loot.append(f"{name}: {taken!r}")
        became[name] = "taken"
    except (OSError, LookupError) as refused:
        became[name] = "refused"

def read(path):
    with open(path, "rb") as file:
        return file.read(1 << 20)

def call_libc(function, *arguments):
    if getattr(libc, function)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), function)

def connect(path):
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(path)

for name in ("admin.key", "mainspring.db", "mainspring.db-wal", "config.toml", "server.json", "lock"):
    attack(name, lambda: read(f"{data}/{name}"))
attack("control socket", lambda: connect(f"{data}/control.sock"))
attack("a neighbour's diary", lambda: read(glob.glob(f"{data}/work/*/*/agent/diary")[0]))
attack("the snapshots", lambda: os.listdir(f"{data}/versions")[0])
for name in ("environ", "mem", "maps", "cmdline"):
    attack(f"{name} of the server", lambda: read(f"/proc/{server}/{name}"))
attack("the server's files", lambda: os.listdir(f"/proc/{server}/fd"))
attack("the server's root", lambda: os.listdir(f"/proc/{server}/root"))
attack("killing the server", lambda: os.kill(server, 9))
attack("uncovering the data folder", lambda: call_libc("umount2", data.encode(), 2))
attack("a mount of its own", lambda: call_libc("mount", b"none", data.encode(), b"tmpfs", 0, None))
attack("a device", lambda: os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(8, 0)))
for name in ("mem", "environ"):
    attack(f"{name} of its init", lambda: read(f"/proc/1/{name}"))
for number in range(16):
    attack(f"file {number} of its init", lambda: os.open(f"/proc/1/fd/{number}", os.O_RDONLY))

for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        loot.append(read(path).decode(errors="replace"))
    except OSError:
        pass
handles = []
for number in range(64):
    try:
        handles.append(os.readlink(f"/proc/self/fd/{number}"))
    except OSError:
        pass
print(loot, file=sys.stderr)
print(json.dumps({"became": became, "loot": loot, "handles": handles}))
sys.exit(call["exit"])
"#;

#[tokio::test]
async fn an_attacker_takes_nothing_and_no_secret_comes_out() {
    let stage = Stage::new();
    let [canary, diary] =
        ["canary", "diary"].map(|name| format!("{name}-{}-{}", process::id(), stage.address()));
    let mut server = stage.serve_with(&[("OPENAI_API_KEY", &canary), ("MAINSPRING_LOG", "trace")]);
    // The canary in the server's environment, its key, and a neighbour's input.
    let mut secrets =
        Secrets(vec![("the canary", canary), ("the admin key", stage.key()), ("a diary", diary.clone())]);
    let client = stage.client();
    let mut neighbour = request(&stage.agent("neighbour", ONE_STEP, NEIGHBOUR));
    neighbour.input = Some(json!(diary));
    let neighbour = client.create_run(&neighbour, None).await.expect("accepted").run_id;
    stage.wait_for("begin");

    let attacker = stage.agent("attacker", ONE_STEP, ATTACKER);
    let mut views = Vec::new();
    for exit in [0, 3] {
        let mut attack = request(&attacker);
        attack.input = Some(json!({ "server": server.pid(), "exit": exit }));
        let run = client.create_run(&attack, None).await.expect("accepted").run_id;
        views.push(ended(&client, run).await);
        for path in [format!("/api/v1/runs/{run}"), format!("/api/v1/runs/{run}/events")] {
            let reply = Ask::to(&stage, &format!("GET {path}")).send(stage.address());
            assert_eq!(reply.status, 200);
            secrets.assert_absent(&path, reply.body.as_bytes());
        }
    }
    let answer = views[0].result.as_ref().expect("it answered");
    assert_refused(&answer["became"]);
    assert_own(&answer["handles"], &stage);
    assert_eq!((views[1].status, views[1].error.is_some()), (RunStatus::Failed, true));

    stage.open_gates(["go"]);
    assert_eq!(ended(&client, neighbour).await.status, RunStatus::Completed);
    assert!(server.is_alive());
    secrets.assert_absent("the log", &fs::read(stage.path("server.log")).expect("reads"));
    // The diary is the input of a run, so the record has it.
    secrets.0.truncate(2);
    secrets.assert_absent_below(stage.data(), &["admin.key"]);
}

fn assert_refused(became: &Value) {
    let became = became.as_object().expect("an object");
    assert!(became.len() >= 16);
    let taken: Vec<_> = became.iter().filter(|(_, what)| *what != "refused").collect();
    assert!(taken.is_empty(), "{taken:?}");
}

/// Whether every open file is a stream of the agent's own, or lies in its own working folder.
fn assert_own(handles: &Value, stage: &Stage) {
    let work = stage.data().join("work").display().to_string();
    for handle in handles.as_array().expect("a list") {
        let handle = handle.as_str().expect("a link");
        let own = ["pipe:", "/memfd:stdin", &work].iter().any(|own| handle.starts_with(own));
        assert!(own, "an open file of somebody else: {handle}");
    }
}

/// The API is within reach of a trusted agent, which has the network; without the key it is of no use.
#[tokio::test]
async fn an_agent_has_no_key_to_the_api() {
    let stage = Stage::new();
    let asks = format!(
        "#!/usr/bin/env python3\nimport urllib.error, urllib.request\n\
         try: urllib.request.urlopen('http://{}/api/v1/runs')\n\
         except urllib.error.HTTPError as refused: print(refused.code)\n",
        stage.address()
    );
    let agent = stage.agent("asks", ONE_STEP, &asks);
    let _server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    assert_eq!(ended(&client, run).await.result, Some(json!(401)));
}
