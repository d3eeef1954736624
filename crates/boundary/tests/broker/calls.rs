//! Calls of tools: written down before they are made, recorded before they are seen, made once.

use mainspring_boundary::broker::{Decision, End, Settled};
use mainspring_store::EffectState::{Committed, Failed, Intended, Unknown};
use serde_json::{Value, json};

use crate::world::{World, made, recorded};

fn shell() -> Value {
    json!({ "toolsets": ["shell", "file_system"] })
}

/// A shell of which nothing is done twice that has the same key.
fn idempotent() -> Value {
    json!({ "toolsets": ["shell"], "effects": [{ "pattern": "shell", "class": "idempotent" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_written_down_before_it_is_made() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("ls").await;
    assert_eq!(world.states(1), [(Intended, 1)]);
    let line = &world.journal(1)[0];
    assert_eq!((&line["type"], &line["arguments"]["command"]), (&json!("tool.intended"), &json!("ls")));
    assert_eq!(
        (&line["step"], &line["position"], &line["attempt"]),
        (&json!("main"), &json!("1.1.0"), &json!(1))
    );
    assert_eq!(attempt.returned(&permit, "a b").await, Settled::Written);
    assert_eq!(
        (world.states(1), world.lines(1)),
        (vec![(Committed, 1)], vec!["tool.intended".into(), "tool.committed".into()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asking_whose_answer_was_lost_gets_the_same_permit() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("ls").await;
    assert_eq!(attempt.run("ls").await, permit);
    attempt.returned(&permit, "a b").await;
    assert_eq!(recorded(attempt.shell("ls").await), ("a b".into(), false));
    assert_eq!(world.lines(1), ["tool.intended", "tool.committed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_attempt_is_given_what_is_recorded() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("ls").await;
    attempt.settle(&permit, End::Returned { text: "no such folder".into(), error: true }).await;
    world.restart().await;
    let attempt = world.attempt(1).await;
    assert_eq!(recorded(attempt.shell("ls").await), ("no such folder".into(), true));
    assert_eq!(world.lines(1), ["tool.intended", "tool.committed", "tool.replayed"]);
    assert_eq!(world.states(1), [(Committed, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_place_or_other_arguments_are_another_call() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let first = attempt.run("ls").await;
    let other = attempt.run("ls -a").await;
    let later = made(attempt.intend("1.2.0", "shell", &json!({ "command": "ls" })).await);
    assert!(first.effect != other.effect && first.effect != later.effect);
    assert_ne!(first.idempotency_key(), later.idempotency_key());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_any_size_comes_back_whole() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("cat").await;
    // Hashes do not compress: what is kept is larger than what lies beside an effect.
    let text: String =
        (0..4_000_u32).map(|n| mainspring_types::Hash::of(&n.to_be_bytes()).to_hex()).collect();
    assert_eq!(attempt.returned(&permit, &text).await, Settled::Written);
    world.restart().await;
    let attempt = world.attempt(1).await;
    assert!(recorded(attempt.shell("cat").await) == (text, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_recorded_as_it_was_told() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("ls").await;
    attempt.settle(&permit, End::Failed { message: "there is no shell here".into() }).await;
    world.restart().await;
    let attempt = world.attempt(1).await;
    assert_eq!(recorded(attempt.shell("ls").await), ("there is no shell here".into(), true));
    assert_eq!(world.states(1), [(Failed, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_cannot_know_is_told_alike_in_every_attempt() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("make deploy").await;
    attempt.settle(&permit, End::Unknown { message: "it took longer than 300 s".into() }).await;
    let told = recorded(attempt.shell("make deploy").await);
    assert_eq!(
        told.0,
        "it took longer than 300 s; nobody knows whether the call took effect, so look before you make it again"
    );
    assert_eq!(attempt.returned(&permit, "it did after all").await, Settled::Abandoned);
    world.restart().await;
    let attempt = world.attempt(1).await;
    assert_eq!(recorded(attempt.shell("make deploy").await), told);
    assert_eq!(world.states(1), [(Unknown, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_changes_nothing_fails_where_nobody_knows_how_far_it_came() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let read = json!({ "path": "notes.md" });
    let permit = made(attempt.intend("1.1.0", "read_file", &read).await);
    attempt.settle(&permit, End::Unknown { message: "the disk is slow".into() }).await;
    assert_eq!(
        recorded(attempt.intend("1.1.0", "read_file", &read).await),
        ("the disk is slow".into(), true)
    );
    assert_eq!(world.states(1), [(Failed, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_try_of_a_repeatable_call_is_repeated_with_the_same_key() {
    let mut world = World::new().await;
    world.begin(1, &idempotent()).await;
    let first = world.attempt(1).await.run("touch x").await;
    world.restart().await;
    let attempt = world.attempt(1).await;
    let second = attempt.run("touch x").await;
    assert_eq!((first.number, second.number), (1, 2));
    assert_eq!((first.effect, first.idempotency_key()), (second.effect, second.idempotency_key()));
    attempt.returned(&second, "").await;
    assert_eq!(world.states(1), [(Committed, 2)]);
    let tries: Vec<Value> = world.journal(1).iter().map(|line| line["try"].clone()).collect();
    assert_eq!(tries, [json!(1), json!(2), Value::Null]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_worker_still_settles_counts_until_a_new_try_begins() {
    let mut world = World::new().await;
    world.begin(1, &idempotent()).await;
    let lost = world.attempt(1).await;
    let (early, late) = (lost.run("touch x").await, lost.run("touch y").await);
    lost.lose().await;
    let attempt = world.attempt(1).await;
    assert_eq!(lost.shell("touch z").await, Decision::Abandon);
    assert_eq!(lost.returned(&early, "x").await, Settled::Written);
    assert_eq!(recorded(attempt.shell("touch x").await), ("x".into(), false));
    let again = attempt.run("touch y").await;
    assert_eq!(lost.returned(&late, "y, by the first try").await, Settled::Abandoned);
    assert_eq!(attempt.returned(&again, "y").await, Settled::Written);
    assert_eq!(recorded(attempt.shell("touch y").await), ("y".into(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_that_is_told_twice_is_written_once() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("ls").await;
    for _ in 0..2 {
        assert_eq!(attempt.returned(&permit, "a b").await, Settled::Written);
    }
    let failed = End::Failed { message: "or not".into() };
    assert_eq!(attempt.settle(&permit, failed).await, Settled::Abandoned);
    assert_eq!(world.lines(1), ["tool.intended", "tool.committed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_rules_deny_is_told_and_audited() {
    let mut world = World::new().await;
    let deny =
        json!([{ "pattern": "shell(rm *)", "verdict": "deny", "from": "tenant", "place": "server.toml:3" }]);
    world.begin(1, &json!({ "toolsets": ["shell"], "approvals": deny })).await;
    let attempt = world.attempt(1).await;
    let denied = recorded(attempt.shell("rm -rf build").await);
    assert_eq!(denied, ("`shell(rm *)` says deny (the tenant, server.toml:3)".into(), true));
    let (unknown, complaint) =
        recorded(attempt.intend("1.1.1", "web_fetch", &json!({ "url": "https://a.b" })).await);
    assert!(unknown.starts_with("`web_fetch` is not granted") && complaint, "{unknown}");
    let lines = world.journal(1);
    assert_eq!(world.lines(1), ["tool.denied", "tool.denied"]);
    assert_eq!(lines[0]["rule"], "shell(rm *): deny (the tenant, server.toml:3)");
    assert_eq!(
        (&lines[0]["step"], &lines[0]["arguments"]["command"]),
        (&json!("main"), &json!("rm -rf build"))
    );
    world.restart().await;
    assert_eq!(recorded(world.attempt(1).await.shell("rm -rf build").await), denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_attempts_that_are_over() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let lost = world.attempt(1).await;
    lost.lose().await;
    let attempt = world.attempt(1).await;
    let broker = world.broker();
    let nonces = [lost.pass.nonce, attempt.pass.nonce];
    assert!(nonces.iter().all(|nonce| broker.is_chartered(*nonce)), "a lost one may yet settle");
    attempt.finish().await;
    assert!(nonces.iter().all(|nonce| !broker.is_chartered(*nonce)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_begun_once_the_run_is_told_to_end() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let attempt = world.attempt(1).await;
    let permit = attempt.run("ls").await;
    world.cancel(1).await;
    assert_eq!(attempt.shell("make deploy").await, Decision::Abandon);
    assert_eq!(attempt.returned(&permit, "a b").await, Settled::Written, "what was under way still counts");
    attempt.abort().await;
    assert_eq!((world.status(1), world.states(1)), ("cancelled".into(), vec![(Committed, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_tool_is_on_record_as_denied() {
    let mut world = World::new().await;
    world.begin(1, &json!({})).await;
    for _ in 0..2 {
        let decision =
            world.attempt(1).await.refuse("1.1.1", "transfer", "there is no tool `transfer`").await;
        assert_eq!(recorded(decision), ("there is no tool `transfer`".into(), true));
        world.restart().await;
    }
    assert_eq!(world.lines(1), ["tool.denied", "tool.replayed"]);
}
