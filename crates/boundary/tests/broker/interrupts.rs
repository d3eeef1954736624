//! Turns that a person breaks off: what is recorded stays, and nothing new begins, whatever crashes in between.

use mainspring_boundary::{
    broker::{Action, Decision, End, Settled, Unanswered},
    conversation::{Concluded, Uninterrupted},
};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::{GateState, RunId};
use serde_json::{Value, json};

use crate::{
    children::{child_of, parent, task},
    world::{Attempt, World, gated, recorded, says},
};

/// An agent that is talked to, and asks before it runs a command.
fn asking() -> Value {
    json!({
        "session": { "mode": "conversation" },
        "toolsets": ["shell"],
        "approvals": [{ "pattern": "shell(make*)", "verdict": "ask", "from": "agent" }],
        "effects": [{ "pattern": "shell", "class": "irreversible" }],
    })
}

fn talking_parent() -> Value {
    let mut parent = parent();
    parent["session"] = json!({ "mode": "conversation" });
    parent
}

async fn begun(fields: &Value) -> (World, Attempt) {
    let mut world = World::new().await;
    world.begin(1, fields).await;
    let attempt = world.attempt(1).await;
    (world, attempt)
}

async fn shell(attempt: &Attempt, position: &str, command: &str) -> Decision {
    attempt.intend(position, "shell", &json!({ "command": command })).await
}

const UNMADE: Decision = Decision::Interrupted { begun: false };

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_an_approval_goes_on_with_what_it_has() {
    let (mut world, attempt) = begun(&asking()).await;
    let Decision::Run(early) = shell(&attempt, "1.1.1", "ls").await else { panic!("it is allowed") };
    attempt.returned(&early, "a file").await;
    let decision = shell(&attempt, "1.1.2", "make").await;
    let gate = gated(&decision);
    attempt.park_for(&decision).await;
    assert_eq!(world.interrupt(1).await, Ok(()));
    assert_eq!(world.interrupt(1).await, Ok(()), "twice is as once");
    world.restart().await;
    let attempt = world.attempt(1).await;
    assert_eq!(recorded(shell(&attempt, "1.1.1", "ls").await), ("a file".into(), false));
    assert_eq!(shell(&attempt, "1.1.2", "make").await, UNMADE);
    assert_eq!(shell(&attempt, "1.1.3", "ls").await, UNMADE);
    let Concluded::Gate { gate: input, deadline } = attempt.conclude(1, "as far as it came").await else {
        panic!("the next message is waited for");
    };
    attempt.park(input, deadline).await;
    let late = world.answer(gate, says(Action::Approve, None)).await;
    assert!(matches!(late, Err(Unanswered::Settled(_))), "{late:?}");
    let (lines, withdrawn) = (world.lines(1), world.gate(gate).state);
    assert_eq!(
        (withdrawn, lines.iter().filter(|line| *line == "gate.settled").count()),
        (GateState::Withdrawn, 1)
    );
    assert_eq!(world.status(1), "waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_of_the_model_counts_and_it_is_asked_nothing_new() {
    let upstream = Upstream::start("version: 1\nrules: [{match: {}, reply: {text: fine}}]\n");
    let mut world = World::asking(&upstream).await;
    world.begin(1, &asking()).await;
    let attempt = world.attempt(1).await;
    assert_eq!(attempt.model("first").await, 200);
    attempt.lose().await;
    world.interrupt(1).await.expect("its turn is under way");
    let attempt = world.attempt(1).await;
    assert_eq!(attempt.model("first").await, 200);
    let (status, told) = attempt.answer("second").await;
    assert_eq!(status, 409);
    assert!(told.contains("E1610") && told.contains("a person interrupted the turn"), "{told}");
    assert!(told.contains("x-should-retry: false"), "{told}");
    assert_eq!(upstream.log().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_told_to_end_asks_its_model_nothing_new() {
    let upstream = Upstream::start("version: 1\nrules: [{match: {}, reply: {text: fine}}]\n");
    let mut world = World::asking(&upstream).await;
    world.begin(1, &asking()).await;
    let attempt = world.attempt(1).await;
    world.cancel(1).await;
    assert_eq!((attempt.model("too late").await, upstream.log().len()), (409, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_in_the_moment_of_parking_is_not_lost() {
    let (mut world, attempt) = begun(&asking()).await;
    let decision = shell(&attempt, "1.1.1", "make").await;
    world.interrupt(1).await.expect("its turn is under way");
    attempt.park_for(&decision).await;
    assert_eq!(shell(&world.attempt(1).await, "1.1.1", "make").await, UNMADE);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_between_the_interruption_and_the_worker_that_hears_of_it() {
    let (world, attempt) = begun(&asking()).await;
    let Decision::Run(under_way) = shell(&attempt, "1.1.1", "ls").await else { panic!("it is allowed") };
    world.interrupt(1).await.expect("its turn is under way");
    assert_eq!(shell(&attempt, "1.1.2", "ls").await, UNMADE);
    let stopped = End::Unknown { message: "it was stopped".into() };
    assert_eq!(attempt.settle(&under_way, stopped).await, Settled::Written);
    let (told, complaint) = recorded(shell(&attempt, "1.1.1", "ls").await);
    assert!(told.starts_with("it was stopped; nobody knows") && complaint, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_what_broke_off() {
    let (mut world, attempt) = begun(&asking()).await;
    let Decision::Run(_) = shell(&attempt, "1.1.1", "ls").await else { panic!("it is allowed") };
    attempt.lose().await;
    world.interrupt(1).await.expect("its turn is under way");
    let decision = shell(&world.attempt(1).await, "1.1.1", "ls").await;
    assert_eq!(decision, Decision::Interrupted { begun: true });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_meanwhile_is_the_next_attempts() {
    let (mut world, attempt) = begun(&asking()).await;
    world.interrupt(1).await.expect("its turn is under way");
    world.say(1, "rather this").await.expect("it hears");
    for _ in 0..2 {
        let after = attempt.conclude(1, "broken off").await;
        assert!(matches!(after, Concluded::Next), "however often it is told: {after:?}");
    }
    attempt.abort().await;
    let attempt = world.attempt(1).await;
    assert_eq!(attempt.recall().await.expect("it counts").next_turn, 2);
    assert!(
        matches!(shell(&attempt, "2.1.1", "ls").await, Decision::Run(_)),
        "the next turn is not broken off"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_agent_is_ended_and_its_parent_told() {
    let (mut world, attempt) = begun(&talking_parent()).await;
    let decision = attempt.intend("1.1.1", "task", &task(&json!({}))).await;
    let child: RunId = child_of(&decision);
    attempt.park_for(&decision).await;
    let worker = world.attempt(child).await;
    world.interrupt(1).await.expect("its turn is under way");
    assert_eq!(worker.shell("git status").await, Decision::Abandon);
    worker.abort().await;
    assert_eq!(world.status(child), "cancelled");
    let attempt = world.attempt(1).await;
    let told = recorded(attempt.intend("1.1.1", "task", &task(&json!({}))).await);
    assert_eq!(told, ("the sub-agent was cancelled: the turn that started it was interrupted".into(), true));
    assert_eq!(attempt.intend("1.1.2", "task", &task(&json!({}))).await, UNMADE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_ends_by_itself_ends_the_sub_agents_it_leaves_behind() {
    let (mut world, attempt) = begun(&talking_parent()).await;
    let child = child_of(&attempt.intend("1.1.1", "task", &task(&json!({}))).await);
    let worker = world.attempt(child).await;
    attempt.conclude(1, "out of time").await;
    assert_eq!(worker.shell("git status").await, Decision::Abandon);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_at_work_is_not_interrupted() {
    let (mut world, attempt) = begun(&asking()).await;
    attempt.conclude(1, "done").await;
    assert_eq!(world.interrupt(1).await, Err(Uninterrupted::AtRest));
    world.done(1).await.expect("it hears");
    assert_eq!(world.interrupt(1).await, Err(Uninterrupted::EndsWithIt));
    assert_eq!(world.interrupt(9).await, Err(Uninterrupted::EndsWithIt));
    world.begin(2, &asking()).await;
    let ending = world.attempt(2).await;
    world.cancel(2).await;
    assert_eq!(world.interrupt(2).await, Err(Uninterrupted::Stopping));
    ending.abort().await;
    assert_eq!(world.interrupt(2).await, Err(Uninterrupted::Ended));
}
