//! Turns: one after the other, out of time, and told again by the attempt after a crash.

use std::time::Duration;

use mainspring_api::worker::Concluded;
use serde_json::{Value, json};

use crate::{
    calls::{LONG, shells},
    ending::input,
    stage::Stage,
};

fn message(id: u64, text: &str) -> Value {
    json!({"id": id, "parts": [{"type": "text", "text": text}]})
}

#[tokio::test]
async fn messages_that_came_meanwhile_are_another_turn() {
    let more = Concluded::Messages(serde_json::from_value(json!([message(2, "and")])).expect("messages"));
    let rules = "  - match: {last_user: and}\n    reply: {text: 'After ${turn}.'}\n  - reply: {text: First.}";
    let told = Stage::new(rules).talks([more, Concluded::Over {}]).start().over().await;
    let turns: Vec<_> = told.concluded.iter().map(|turn| (turn.turn, turn.text.as_str())).collect();
    assert_eq!(turns, [(1, "First."), (2, "After 1.")]);
    assert_eq!(told.end(), "done: After 1.");
}

#[tokio::test]
async fn a_conversation_outlives_a_turn_that_fails() {
    let rules = "  - reply: {error: {status: 400, message: 'no such model'}}";
    let told = Stage::new(rules).talks([input()]).start().over().await;
    assert!(told.kept().contains("go"), "{}", told.kept());
    assert!(told.remarks().iter().any(|remark| remark.contains("no such model")), "{:?}", told.remarks());
    assert_eq!(told.end(), "parked at a gate");
    let told = Stage::new(rules).start().over().await;
    assert!(told.end().starts_with("failed: E"), "{}", told.end());
    assert!(told.concluded.is_empty());
}

#[tokio::test]
async fn a_turn_out_of_time_keeps_what_was_said() {
    let bounds = mainspring_agent::Bounds {
        turn_timeout: Duration::from_millis(1_500),
        ..mainspring_agent::Bounds::default()
    };
    let stage = Stage::new(&shells(&["echo early", LONG])).with("bounds", json!(bounds));
    let told = stage.talks([input()]).start().over().await;
    assert!(told.kept().contains("\"text\":\"early\\n"), "{}", told.kept());
    assert!(
        told.remarks().iter().any(|remark| remark.contains("longer than its 1 s")),
        "{:?}",
        told.remarks()
    );
    assert_eq!(told.end(), "parked at a gate");
}

#[tokio::test]
async fn the_attempt_after_a_crash_says_the_same() {
    let answer = "Here:\n```json\n{\"sum\": 4}\n```";
    let schema = json!({"type": "object"});
    let rules = format!("  - reply: {{text: {}}}", json!(answer));
    let first = Stage::new(&rules).with("output", schema.clone()).start().over().await;
    let history: Vec<Value> = first.concluded[0]
        .messages
        .iter()
        .map(|message| serde_json::from_str(message.get()).expect("a message"))
        .collect();
    let standing = json!({"history": history, "next_turn": 2, "inbox": [], "done": true});
    let again = Stage::new(&rules).with("output", schema).stands(standing).start().over().await;
    assert_eq!(first.end(), "done: {\"sum\":4}");
    assert_eq!(again.end(), first.end());
}

#[tokio::test]
async fn an_attempt_with_nothing_to_answer_waits() {
    let standing = json!({"history": [], "next_turn": 1, "inbox": [], "done": false});
    let told = Stage::new("  - reply: {text: never}").talks([input()]).stands(standing).start().over().await;
    assert_eq!(told.end(), "parked at a gate");
}
