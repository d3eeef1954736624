//! What a flood costs us in memory. On its own: the peak of a process is that of all its tests.

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "servers/fixture.rs"]
mod fixture;

use std::fs;

use fixture::{Stage, unknown};
use serde_json::json;

/// Two messages of the size that is allowed: while one is read, its buffer grows by doubling.
const UNREAD_KIB: u64 = 64 * 1024;

/// What the largest message that is allowed takes while it is parsed.
const READ_KIB: u64 = 128 * 1024;

/// The most memory this process has held at once, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_flood_is_stopped_before_it_fills_memory() {
    let stage = Stage::hostile("fine");
    stage.assert_well().await;
    let before = peak();
    // 64 MiB without an end of line; 100 MB in one answer; a million notifications; three million values.
    for tool in ["line", "large", "notify", "crowded"] {
        unknown(stage.call(tool, json!({})).await);
        let grown = peak() - before;
        assert!(grown < UNREAD_KIB, "`{tool}` took {grown} KiB");
    }
    let stage = Stage::hostile("fine");
    assert_eq!(stage.text("most", json!({})).await.len(), 15_000_000);
    let grown = peak() - before;
    assert!(grown < READ_KIB, "the largest message took {grown} KiB");
}
