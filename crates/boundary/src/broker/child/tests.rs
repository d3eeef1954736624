//! What a call of `task` is refused, and what a child is known by.

use serde_json::{Value, json};

use super::*;
use crate::broker::fixture::{assistant, pass};

/// A parent with a shell of which it may use `git` alone, its `src` folder, and a scout that has some of it.
fn charter(scout: &Value) -> Charter {
    let mut agent = json!({
        "name": "scout", "model": "openai/gpt-4o-mini", "instructions": "Look.",
        "toolsets": ["shell"],
    });
    for (field, value) in scout.as_object().expect("fields") {
        agent[field] = value.clone();
    }
    let assistant = assistant(&json!({
        "toolsets": ["shell", "file_system", "task"],
        "capabilities": { "read": ["src/*"], "commands": ["git *"] },
        "budget": { "tokens": 1_000 },
        "agents": { "scout": agent },
    }));
    let work = json!({ "step": { "id": "main", "work": { "converse": {} } }, "workspace": { "own": "x" } });
    Charter { assistant, work }
}

fn refused(scout: &Value, asked: &Value) -> String {
    let refused = prepare(&charter(scout), &pass(1), asked).map(|wanted| wanted.prompt);
    refused.expect_err("it is refused")
}

fn ask(more: &Value) -> Value {
    let mut ask = json!({ "agent": "scout", "prompt": "look around" });
    for (field, value) in more.as_object().expect("fields") {
        ask[field] = value.clone();
    }
    ask
}

#[test]
fn a_child_has_no_more_than_its_parent() {
    for (scout, asked, told) in [
        (json!({ "toolsets": ["web"] }), json!({}), "the toolset `web` is not given"),
        (json!({}), json!({ "toolsets": ["python"] }), "the toolset `python` is not given"),
        (json!({}), json!({ "read": ["secret/*"] }), "`secret/*` to read is not given"),
        (json!({ "capabilities": { "commands": ["*"] } }), json!({}), "`*` to run is not given"),
        (json!({}), json!({ "max_tokens": 5_000 }), "a budget of 5000 tokens is not given"),
        (json!({ "budget": { "tokens": 2_000 } }), json!({}), "a budget of 2000 tokens is not given"),
    ] {
        let refused = refused(&scout, &ask(&asked));
        assert!(refused.starts_with("the sub-agent `scout` is not started: "), "{refused}");
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn what_cannot_be_a_child_is_explained() {
    assert_eq!(
        refused(&json!({}), &json!({ "agent": "spy", "prompt": "go" })),
        "there is no sub-agent `spy`; there are: scout"
    );
    let childless = Charter { assistant: assistant(&json!({})), work: json!({}) };
    let told = prepare(&childless, &pass(1), &ask(&json!({}))).map(|_| ()).expect_err("refused");
    assert_eq!(told, "there is no sub-agent `scout`: this agent has none");
    assert!(refused(&json!({}), &json!({ "agent": "scout" })).contains("missing field `prompt`"));
}

#[test]
fn agents_start_one_another_five_deep() {
    let mut deep = pass(1);
    deep.ancestors = (10..13).map(RunId::from_u128).collect();
    assert!(prepare(&charter(&json!({})), &deep, &ask(&json!({}))).is_ok());
    deep.ancestors.push(RunId::from_u128(13));
    let told = prepare(&charter(&json!({})), &deep, &ask(&json!({}))).map(|_| ()).expect_err("refused");
    assert_eq!(told, "no more than 5 agents may start one another in a row");
}

#[test]
fn a_child_works_where_its_parent_does_under_its_rules_and_on_its_account() {
    let charter = charter(&json!({}));
    let wanted = prepare(&charter, &pass(1), &ask(&json!({ "max_tokens": 300 }))).expect("it may be started");
    assert_eq!(wanted.work["workspace"], charter.work["workspace"]);
    assert_eq!(wanted.work["ancestors"], json!([RunId::from_u128(1)]));
    let stored = &wanted.work["step"]["work"]["converse"]["assistant"];
    assert_eq!(stored["capabilities"]["commands"], json!(["git *"]));
    let limits: Vec<_> = limits(wanted.assistant.budget).map(|limit| (limit.meter, limit.most)).collect();
    assert_eq!(limits, [("tokens".to_owned(), 300)]);
}

#[test]
fn a_childs_id_follows_from_its_parent_and_the_call() {
    let (call, another) = (EffectId::from_u128(1), EffectId::from_u128(2));
    assert_eq!(run_of(&pass(1), call), run_of(&pass(2), call));
    assert_ne!(run_of(&pass(1), call), run_of(&pass(1), another));
    let mut elsewhere = pass(1);
    elsewhere.key.run = RunId::from_u128(2);
    assert_ne!(run_of(&pass(1), call), run_of(&elsewhere, call));
}
