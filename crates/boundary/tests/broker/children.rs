//! Sub-agents: runs of their own, started once, ended with the run that started them.

use mainspring_boundary::{broker::Decision, conversation::Concluded};
use mainspring_core::{Failure, FailureClass};
use mainspring_store::RunLimit;
use mainspring_testkit::upstream::Upstream;
use mainspring_types::{RunId, TenantId};
use serde_json::{Value, json};

use crate::world::{World, beginning, key, recorded};

/// A parent that may use `git` alone, and its scout.
pub(crate) fn parent() -> Value {
    let scout = json!({
        "name": "scout", "model": "openai/gpt-4o-mini", "instructions": "Look.", "toolsets": ["shell"],
    });
    json!({
        "toolsets": ["shell", "task"],
        "capabilities": { "commands": ["git *"] },
        "budget": { "tokens": 1_000 },
        "agents": { "scout": scout },
    })
}

pub(crate) fn task(more: &Value) -> Value {
    let mut task = json!({ "agent": "scout", "prompt": "look around" });
    for (field, value) in more.as_object().expect("fields") {
        task[field] = value.clone();
    }
    task
}

pub(crate) fn child_of(decision: &Decision) -> RunId {
    match decision {
        Decision::Child(child) => *child,
        other => panic!("no run is started: {other:?}"),
    }
}

/// A parent that is parked for its child.
async fn parked() -> (World, RunId) {
    let mut world = World::new().await;
    world.begin(1, &parent()).await;
    let attempt = world.attempt(1).await;
    let decision = attempt.intend("1.1.0", "task", &task(&json!({}))).await;
    attempt.park_for(&decision).await;
    (world, child_of(&decision))
}

/// What the parent is told of its child.
async fn outcome(world: &mut World) -> (String, bool) {
    recorded(world.attempt(1).await.intend("1.1.0", "task", &task(&json!({}))).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_is_started_once_and_found_by_every_attempt() {
    let mut world = World::new().await;
    world.begin(1, &parent()).await;
    let attempt = world.attempt(1).await;
    let child = child_of(&attempt.intend("1.1.0", "task", &task(&json!({}))).await);
    assert_eq!(child_of(&attempt.intend("1.1.0", "task", &task(&json!({}))).await), child);
    world.restart().await;
    let again = world.attempt(1).await.intend("1.1.0", "task", &task(&json!({}))).await;
    assert_eq!(child_of(&again), child);
    assert_eq!(world.readers().children(&key(1)).expect("readable"), [child]);
    assert_eq!(world.lines(1), ["child.started"]);
    assert_eq!(world.journal(1)[0]["run_id"], json!(child));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_child_wakes_its_parent_with_its_last_words() {
    let (mut world, child) = parked().await;
    world.restart().await;
    let attempt = world.attempt(child).await;
    let recalled = attempt.recall().await.expect("it counts");
    assert!(recalled.inbox[0].parts.contains("look around"));
    assert!(matches!(attempt.conclude(1, "all quiet").await, Concluded::Over));
    attempt.finish().await;
    assert_eq!(outcome(&mut world).await, ("all quiet".into(), false));
    world.restart().await;
    assert_eq!(outcome(&mut world).await, ("all quiet".into(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_ends_before_its_parent_waits_wakes_it_all_the_same() {
    let mut world = World::new().await;
    world.begin(1, &parent()).await;
    let attempt = world.attempt(1).await;
    let decision = attempt.intend("1.1.0", "task", &task(&json!({}))).await;
    let child = world.attempt(child_of(&decision)).await;
    child.conclude(1, "all quiet").await;
    child.finish().await;
    attempt.park_for(&decision).await;
    assert_eq!(outcome(&mut world).await, ("all quiet".into(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_fails_is_a_complaint_its_parent_hears() {
    let (mut world, child) = parked().await;
    let problem = mainspring_types::Problem::new(mainspring_types::Code::Internal, "it lost its way");
    world.attempt(child).await.fail(Failure { class: FailureClass::Permanent, problem }).await;
    assert_eq!(outcome(&mut world).await, ("the sub-agent failed: it lost its way".into(), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_is_cancelled_ends_its_child() {
    let (mut world, child) = parked().await;
    let attempt = world.attempt(child).await;
    world.cancel(1).await;
    attempt.abort().await;
    assert_eq!((world.status(1), world.status(child)), ("cancelled".into(), "cancelled".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_asks_for_more_than_its_parent_has_is_refused_and_audited() {
    let mut world = World::new().await;
    world.begin(1, &parent()).await;
    let attempt = world.attempt(1).await;
    for (index, (more, told)) in [
        (json!({ "toolsets": ["python"] }), "the toolset `python` is not given"),
        (json!({ "max_tokens": 5_000 }), "a budget of 5000 tokens is not given"),
        (json!({ "agent": "spy" }), "there is no sub-agent `spy`"),
    ]
    .into_iter()
    .enumerate()
    {
        let decision = attempt.intend(&format!("1.{index}.0"), "task", &task(&more)).await;
        let (refused, complaint) = recorded(decision);
        assert!(refused.contains(told) && complaint, "{refused}");
        let line = world.journal(1).pop().expect("a line");
        assert_eq!((&line["type"], &line["step"]), (&json!("tool.denied"), &json!("main")));
        assert!(line["why"].as_str().is_some_and(|why| why.contains(told)), "{line}");
    }
    assert!(world.readers().children(&key(1)).expect("readable").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_is_held_to_what_its_parent_may_do() {
    let (mut world, child) = parked().await;
    let attempt = world.attempt(child).await;
    let (denied, complaint) = recorded(attempt.shell("rm -rf /").await);
    assert!(denied.contains("outside `capabilities.commands`") && complaint, "{denied}");
    attempt.run("git status").await;
    let key = mainspring_store::RunKey { tenant: TenantId::sole(), run: child };
    let limits = world.readers().run_limits(&key).expect("readable");
    assert_eq!(
        limits.iter().map(|limit| (limit.meter.as_str(), limit.most)).collect::<Vec<_>>(),
        [("tokens", 1_000)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_an_ancestors_budget_stops_a_child() {
    let upstream = Upstream::start(
        "version: 1\nrules: [{match: {}, reply: {text: fine, usage: {input_tokens: 10, output_tokens: 30}}}]\n",
    );
    let mut world = World::asking(&upstream).await;
    let mut beginning = beginning(1, 1, &parent());
    beginning.limits = vec![RunLimit { meter: "calls".into(), most: 1, policy: "terminate".into() }];
    world.try_begin(beginning).await.expect("the session is free");
    let attempt = world.attempt(1).await;
    let decision = attempt.intend("1.1.0", "task", &task(&json!({}))).await;
    attempt.park_for(&decision).await;
    let child = world.attempt(child_of(&decision)).await;
    assert_eq!(child.model("first").await, 200);
    assert_ne!(child.model("second").await, 200);
    assert_eq!(upstream.calls(), 1, "its parent had one call to give");
    let (own, family) = (world.readers().used(&key(1)), world.readers().used_by_family(&key(1)));
    assert_eq!((own.expect("readable").tries, family.expect("readable").tries), (0, 1));
}
