//! Attempts that are ended early, wherever they stand.

use std::time::Duration;

use mainspring_api::{
    run::Level,
    worker::{Concluded, Order, ToolDecision},
};
use mainspring_types::Hash;
use serde_json::json;

use crate::{
    calls::{LONG, is, shells},
    stage::{Stage, gate, recorded, run},
};

const LEVELS: [Level; 2] = [Level::Stop, Level::Kill];

/// The wait for the next message.
pub(crate) fn input() -> Concluded {
    Concluded::Gate { gate: Hash::of(b"input"), deadline: None }
}

#[tokio::test]
async fn a_model_is_hung_up_on() {
    for level in LEVELS {
        let attempt = Stage::new("  - reply: {text: 'and on ', repeat: 5000, chunk_delay_ms: 20}").start();
        attempt.until(|told| !told.heard().is_empty()).await;
        attempt.cancel(level);
        let told = attempt.over().await;
        assert_eq!((told.end(), told.concluded.len()), ("aborted".into(), 0));
    }
}

#[tokio::test]
async fn a_tool_is_killed_and_nobody_knows_how_far_it_came() {
    for level in LEVELS {
        let attempt = Stage::new(&shells(&[LONG])).start();
        attempt.file("begun").await;
        attempt.cancel(level);
        let told = attempt.over().await;
        assert_eq!(told.ends(), [(111, "unknown: `shell` was stopped while it ran".into())]);
        assert_eq!(told.end(), "aborted");
    }
}

#[tokio::test]
async fn what_was_not_begun_is_not_begun() {
    // The decision is still on its way when the order is there.
    let attempt = Stage::new(&shells(&["touch begun"])).decides_after(Duration::from_secs(1)).start();
    attempt.until(|told| !told.intents.is_empty()).await;
    attempt.cancel(Level::Stop);
    let told = attempt.over().await;
    assert_eq!(told.end(), "aborted");
    let expected = "failed: the call was not made: the turn ended before it began";
    assert_eq!(told.ends(), [(111, expected.into())]);
}

#[tokio::test]
async fn an_abandoned_attempt_says_nothing_more() {
    let attempt = Stage::new(&shells(&[LONG])).start();
    attempt.file("begun").await;
    attempt.order(Order::Abandon);
    let told = attempt.over().await;
    assert_eq!((told.end(), told.ends()), ("no report".into(), vec![]));
}

#[tokio::test]
async fn an_abandoned_attempt_waits_for_no_line() {
    // The first word on the line never gets through.
    let attempt = Stage::new(&shells(&[LONG])).faults(usize::MAX).start();
    attempt.order(Order::Abandon);
    assert_eq!(attempt.over().await.end(), "no report");
}

#[tokio::test]
async fn an_interruption_ends_the_turn_with_what_there_is() {
    let decide = |intent: &_| if is(intent, "1.1.3") { gate(intent) } else { run(intent) };
    let stage = Stage::new(&shells(&["echo early", LONG, "echo asked"])).decides(decide).talks([input()]);
    let attempt = stage.start();
    attempt.file("begun").await;
    attempt.until(|told| !told.settled.is_empty()).await;
    attempt.cancel(Level::Interrupt);
    let told = attempt.over().await;
    let kept = told.kept();
    assert!(kept.contains("\"text\":\"early\\n"), "{kept}");
    // Of the one that was stopped the agent is told what is recorded, of the one that waited that it was interrupted.
    assert!(kept.contains("nobody knows"), "{kept}");
    assert!(kept.contains("interrupted by the user"), "{kept}");
    assert_eq!(told.end(), "parked at a gate");
}

#[tokio::test]
async fn a_turn_that_was_interrupted_before_takes_in_what_is_recorded_and_begins_nothing() {
    let decide = |intent: &mainspring_api::worker::ToolIntent| match intent.position.as_str() {
        "1.1.1" => recorded(intent, "from before"),
        "1.1.2" => ToolDecision::Interrupted { begun: true },
        _ => ToolDecision::Interrupted { begun: false },
    };
    let stage = Stage::new(&shells(&["echo early", "echo cut", "touch never"])).decides(decide);
    let told = stage.talks([input()]).start().over().await;
    let kept = told.kept();
    let outcomes = ["from before", "what the call had done until then is unknown", "the call was not made"];
    let found: Vec<_> = outcomes.iter().map(|text| kept.find(text).expect(&kept)).collect();
    assert!(found.is_sorted(), "{kept}");
    assert_eq!((told.ends(), told.end()), (vec![], "parked at a gate".into()));
}

#[tokio::test]
async fn an_interruption_takes_nothing_away_that_a_repeated_attempt_finds() {
    // The order is there before the first call was looked up.
    let stage = Stage::new(&shells(&["echo early"])).decides(|intent| recorded(intent, "from before"));
    let attempt = stage.decides_after(Duration::from_millis(300)).repeated().talks([input()]).start();
    attempt.cancel(Level::Interrupt);
    let told = attempt.over().await;
    assert!(told.kept().contains("from before"), "{}", told.kept());
}

#[tokio::test]
async fn messages_after_an_interruption_are_another_attempts() {
    let attempt = Stage::new(&shells(&[LONG])).talks([Concluded::Next {}]).start();
    attempt.file("begun").await;
    attempt.cancel(Level::Interrupt);
    let told = attempt.over().await;
    assert_eq!((told.end(), told.concluded.len()), ("aborted".into(), 1));
}

#[tokio::test]
async fn an_order_is_heard_while_servers_of_tools_start() {
    let mute =
        json!({"mute": {"transport": {"stdio": {"command": ["/bin/sh", "-c", "touch begun; sleep 1000"]}}}});
    for (level, end) in [(Level::Stop, "aborted"), (Level::Interrupt, "parked at a gate")] {
        let attempt =
            Stage::new("  - reply: {text: never}").with("mcp_servers", mute.clone()).talks([input()]);
        let attempt = attempt.start();
        attempt.file("begun").await;
        attempt.cancel(level);
        assert_eq!(attempt.over().await.end(), end);
    }
}
