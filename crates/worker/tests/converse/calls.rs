//! Calls: side by side, waiting for people, and told on a line that fails.

use crate::stage::{Stage, gate, run};

/// A model that makes these calls of the shell at once, and then says what came of the last.
pub(crate) fn shells(commands: &[&str]) -> String {
    let calls: Vec<String> = commands
        .iter()
        .enumerate()
        .map(|(at, command)| {
            let command = serde_json::to_string(command).expect("text");
            format!("{{id: c{at}, name: shell, arguments: {{command: {command}}}}}")
        })
        .collect();
    let calls = calls.join(", ");
    format!(
        "  - match: {{step: 0, last_user: go}}\n    reply: {{tool_calls: [{calls}]}}\n  - reply: {{text: 'Done.'}}"
    )
}

/// Works until it is killed, and says that it has begun.
pub(crate) const LONG: &str = "touch begun; while :; do sleep 1; done";

#[tokio::test]
async fn calls_run_side_by_side_and_return_in_their_order() {
    let meet = |own: &str, other: &str| {
        format!("touch {own}; while [ ! -e {other} ]; do sleep 0.02; done; echo {own}")
    };
    let told = Stage::new(&shells(&[&meet("a", "b"), &meet("b", "a")])).start().over().await;
    assert_eq!(told.ends(), [(111, "a".into()), (112, "b".into())]);
    let kept = told.kept();
    assert!(kept.find("\"text\":\"a\\n").expect("a") < kept.find("\"text\":\"b\\n").expect("b"), "{kept}");
    assert_eq!(told.end(), "done: Done.");
}

#[tokio::test]
async fn an_attempt_parks_when_nothing_but_the_wait_is_under_way() {
    let decide = |intent: &_| if is(intent, "1.1.1") { gate(intent) } else { run(intent) };
    let stage = Stage::new(&shells(&["echo asked", "sleep 0.3; echo slow"])).decides(decide);
    let told = stage.start().over().await;
    assert_eq!(told.ends(), [(112, "slow".into())]);
    assert_eq!(told.end(), "parked at a gate");
    assert!(told.concluded.is_empty());
}

#[tokio::test]
async fn what_is_told_gets_through_a_line_that_fails() {
    let told = Stage::new(&shells(&["echo once >> ledger; cat ledger"])).faults(2).start().over().await;
    assert_eq!(told.intents, ["1.1.1"]);
    assert_eq!(told.ends(), [(111, "once".into())]);
    assert_eq!(told.end(), "done: Done.");
}

/// Whether it is the call at that place.
pub(crate) fn is(intent: &mainspring_api::worker::ToolIntent, position: &str) -> bool {
    intent.position == position
}
