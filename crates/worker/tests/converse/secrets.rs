//! Secrets by name: programs and servers have them, and nobody hears of them.

use serde_json::json;

use crate::{
    calls::shells,
    stage::{CANARY, Stage},
};

/// A server of tools that cannot start, and complains of what it was given.
const SERVER: &str = "echo \"starting with $TOKEN\" >&2; echo \"$TOKEN\"; exit 1";

#[tokio::test]
async fn a_secret_reaches_its_program_and_nothing_that_is_told() {
    let server =
        json!({"stdio": {"command": ["/bin/sh", "-c", SERVER], "env": {"TOKEN": "Bearer ${secret:CANARY}"}}});
    let stage = Stage::new(&shells(&["printf %s \"$TOKEN\" | wc -c; echo \"<$TOKEN>\""]))
        .with("env", json!({"TOKEN": "${secret:CANARY}"}))
        .with("mcp_servers", json!({"broken": {"transport": server}}));
    let told = stage.start().over().await;
    let output = &told.settled[0].1;
    assert!(format!("{output:?}").contains(&format!("{}\\n<[secret CANARY]>", CANARY.len())), "{output:?}");
    assert!(told.remarks().iter().any(|remark| remark.contains("broken")), "{:?}", told.remarks());
    for heard in [
        format!("{:?}", told.notes),
        format!("{:?}", told.settled),
        format!("{:?}", told.report),
        told.kept(),
    ] {
        assert!(!heard.contains(CANARY), "{heard}");
    }
}

#[tokio::test]
async fn a_secret_that_is_not_set_is_told_before_anything_starts() {
    let stage = Stage::new("  - reply: {text: never}").with("env", json!({"TOKEN": "${secret:ABSENT}"}));
    let told = stage.start().over().await;
    assert_eq!(
        told.end(),
        "failed: E1406: the agent `hand` needs secrets that are not set: MAINSPRING_SECRET_ABSENT"
    );
    assert!(told.notes.is_empty(), "{:?}", told.notes);
}
