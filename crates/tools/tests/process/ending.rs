//! Programs that do not end well: each is told in words, and nothing of any is left.

use std::{fs, time::Duration};

use mainspring_tools::Ended;
use mainspring_types::ByteSize;
use serde_json::json;

use crate::stage::{Site, complains, marked, unique, until_marked};

/// Forks twice, leaves the session, ignores what can be ignored and stays.
const STRAGGLERS: &str = r#"
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
        os._exit(0)
print("so far", flush=True)
time.sleep(STAY)
"#;

/// A command that starts stragglers, which bear the marker, and stays for some seconds.
fn stragglers(marker: &str, stay: u32) -> String {
    format!("exec python3 -c '{}' {marker}", STRAGGLERS.replace("STAY", &stay.to_string()))
}

#[tokio::test]
async fn what_takes_too_long_is_killed_with_all_it_started() {
    let site = Site::new();
    let marker = unique("late");
    let ended = site.call("shell", json!({ "command": stragglers(&marker, 1000), "timeout": 2 })).await;
    assert_eq!(marked(&marker), Vec::<String>::new());
    let message = "`shell` was killed with all it had started, because it took longer than 2s; \
        until then it wrote:\nso far";
    assert_eq!(ended, Ended::Unknown { message: message.into() });
}

#[tokio::test]
async fn a_call_has_no_more_time_than_its_surroundings() {
    let mut site = Site::new();
    site.timeout = Duration::from_millis(100);
    let ended = site.call("shell", json!({ "command": "sleep 1000", "timeout": 900 })).await;
    let message = "`shell` was killed with all it had started, because it took longer than 100ms";
    assert_eq!(ended, Ended::Unknown { message: message.into() });
}

#[tokio::test]
async fn a_dropped_call_leaves_nothing() {
    let site = Site::new();
    let marker = unique("dropped");
    let command = stragglers(&marker, 1000);
    tokio::select! {
        ended = site.sh(&command) => panic!("it stays: {ended:?}"),
        () = until_marked(&marker, 4) => {}
    }
    until_marked(&marker, 0).await;
}

#[tokio::test]
async fn what_runs_in_the_background_ends_with_the_command() {
    let site = Site::new();
    let marker = unique("background");
    let ended = site
        .sh(&format!("sh -c 'sleep 1000; : {marker}' & {}", stragglers(&marker, 0).replace("exec ", "")))
        .await;
    assert_eq!(ended, Ended::Returned { text: "so far\n[exit code 0]".into(), error: false });
    assert_eq!(marked(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn signals_have_names() {
    let site = Site::new();
    assert_eq!(site.sh("echo a; kill -SEGV $$").await, complains("a\n[ended by signal 11 (SIGSEGV)]"));
    assert_eq!(site.sh("kill -KILL $$").await, complains("[ended by signal 9 (SIGKILL)]"));
}

#[tokio::test]
async fn a_memory_limit_is_named() {
    let mut site = Site::new();
    site.limits.memory = ByteSize(100_000_000);
    let code = "held = []\nwhile True: held.append(bytearray(1 << 20))";
    let Ended::Returned { text, error: true } = site.call("python", json!({ "code": code })).await else {
        panic!("it ends by itself")
    };
    assert!(text.ends_with("[killed: more memory was used than the limit of 100.0 MB]"), "{text}");
}

#[tokio::test]
async fn a_limit_on_processor_time_is_named() {
    let mut site = Site::new();
    site.limits.time = Some(Duration::from_secs(1));
    let ended = site.sh("while :; do :; done").await;
    assert_eq!(ended, complains("[killed: more processor time was used than the limit of 1s]"));
}

#[tokio::test]
async fn a_fork_bomb_stops_at_the_limit() {
    let mut site = Site::new();
    site.limits.processes = 20;
    let code = "
import os, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(1000)
except BlockingIOError:
    print('refused')";
    let ended = site.call("python", json!({ "code": code })).await;
    assert_eq!(ended, Ended::Returned { text: "refused\n[exit code 0]".into(), error: false });
}

/// The most memory this process held at once.
fn peak_memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("every process has one");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel tells it");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_flood_is_cut_in_the_middle_and_takes_little_memory() {
    let site = Site::new();
    let Ended::Returned { text, error: false } =
        site.sh("echo start; head -c 600000000 /dev/zero | tr '\\0' x; echo end").await
    else {
        panic!("it ends by itself")
    };
    assert!(text.len() < (4 << 20) + 100, "{}", text.len());
    assert!(text.starts_with("start\nxxx") && text.ends_with("xxxend\n[exit code 0]"));
    let left_out = 600_000_010 - (4 << 20);
    assert!(text.contains(&format!("xxx\n[{left_out} bytes were left out here]\nxxx")));
    assert!(peak_memory_kib() < 200_000, "{} KiB", peak_memory_kib());
}
