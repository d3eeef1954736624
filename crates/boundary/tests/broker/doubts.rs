//! Calls that must not happen twice and whose last try broke off: nobody guesses.

use mainspring_boundary::broker::{Action, Decision, End, Settled};
use mainspring_store::EffectState::{Committed, Unknown};
use mainspring_types::Hash;
use serde_json::{Value, json};

use crate::world::{World, gated, made, recorded, says};

fn shell() -> Value {
    json!({ "toolsets": ["shell"] })
}

/// An assistant with a tool that can tell what became of a call.
fn probed() -> Value {
    let tool = json!({
        "name": "pay", "description": "Pays.", "parameters": { "type": "object" }, "run": ["./pay"],
        "class": "irreversible", "probe": ["./paid"],
    });
    json!({ "tools": [tool] })
}

fn bill() -> Value {
    json!({ "bill": 7 })
}

/// A world in which the server was killed in the middle of `git push`, and the gate at which that is asked about.
async fn doubted() -> (World, Hash) {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    world.attempt(1).await.run("git push").await;
    world.restart().await;
    let attempt = world.attempt(1).await;
    let decision = attempt.shell("git push").await;
    let gate = gated(&decision);
    attempt.park_for(&decision).await;
    (world, gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_irreversible_call_that_broke_off_waits_at_a_gate_with_the_evidence() {
    let (world, gate) = doubted().await;
    let row = world.gate(gate);
    assert_eq!((row.kind.as_str(), row.tool.as_deref()), ("unknown", Some("shell")));
    assert_eq!(row.effect, Some(world.effects(1)[0].id));
    assert!(
        row.why.expect("it says why").starts_with("try 1 of this call, which attempt 1 began, broke off")
    );
    assert_eq!((world.states(1), world.status(1)), (vec![(Unknown, 1)], "waiting".into()));
    assert_eq!(world.lines(1), ["tool.intended", "tool.unknown", "gate.opened"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_approves_lets_it_be_made_once_more() {
    let (mut world, gate) = doubted().await;
    world.answer(gate, says(Action::Approve, None)).await.expect("it counts");
    let attempt = world.attempt(1).await;
    let permit = attempt.run("git push").await;
    assert_eq!(permit.number, 2);
    attempt.returned(&permit, "pushed").await;
    assert_eq!(world.states(1), [(Committed, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_broken_try_is_asked_about_anew() {
    let (mut world, first) = doubted().await;
    world.answer(first, says(Action::Approve, None)).await.expect("it counts");
    world.attempt(1).await.run("git push").await;
    world.restart().await;
    let second = gated(&world.attempt(1).await.shell("git push").await);
    assert_ne!(first, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_knows_says_what_the_call_returned() {
    let (mut world, gate) = doubted().await;
    world.answer(gate, says(Action::Answer, Some("it was pushed"))).await.expect("it counts");
    for _ in 0..2 {
        let attempt = world.attempt(1).await;
        assert_eq!(recorded(attempt.shell("git push").await), ("it was pushed".into(), false));
        world.restart().await;
    }
    assert_eq!(world.states(1), [(Committed, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_left_as_it_is_stays_unknown_and_is_told_alike() {
    let (mut world, gate) = doubted().await;
    world.answer(gate, says(Action::Deny, Some("I will look"))).await.expect("it counts");
    for _ in 0..2 {
        let attempt = world.attempt(1).await;
        let told =
            "this call broke off, and nobody knows whether it took effect; it is not made again: I will look";
        assert_eq!(recorded(attempt.shell("git push").await), (told.into(), true));
        world.restart().await;
    }
    assert_eq!(world.states(1), [(Unknown, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_worker_on_a_living_server_is_doubted_too() {
    let mut world = World::new().await;
    world.begin(1, &shell()).await;
    let lost = world.attempt(1).await;
    let permit = lost.run("git push").await;
    lost.lose().await;
    let attempt = world.attempt(1).await;
    let gate = gated(&attempt.shell("git push").await);
    assert_eq!(gated(&attempt.shell("git push").await), gate, "and asking once more does not make it");
    // The worker comes back and knows: nobody needs to be asked any more.
    assert_eq!(lost.returned(&permit, "pushed").await, Settled::Written);
    assert_eq!(recorded(attempt.shell("git push").await), ("pushed".into(), false));
}

/// An attempt that is to probe, after the server was killed or only the worker was.
async fn probing(kill_server: bool) -> (World, crate::world::Attempt) {
    let mut world = World::new().await;
    world.begin(1, &probed()).await;
    let first = world.attempt(1).await;
    made(first.intend("1.1.0", "pay", &bill()).await);
    if kill_server {
        world.restart().await;
    } else {
        first.lose().await;
    }
    let attempt = world.attempt(1).await;
    (world, attempt)
}

/// The try that the tool is asked about.
async fn probe(attempt: &crate::world::Attempt) -> mainspring_boundary::broker::Permit {
    match attempt.intend("1.1.0", "pay", &bill()).await {
        Decision::Probe(permit) => permit,
        other => panic!("the tool is not asked: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_finds_the_answer_settles_the_broken_try() {
    for kill_server in [true, false] {
        let (world, attempt) = probing(kill_server).await;
        let permit = probe(&attempt).await;
        assert_eq!(permit, probe(&attempt).await, "asked again, it is never made");
        assert_eq!(attempt.returned(&permit, "paid").await, Settled::Written);
        assert_eq!(recorded(attempt.intend("1.1.0", "pay", &bill()).await), ("paid".into(), false));
        assert_eq!(world.states(1), [(Committed, 1)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_finds_nothing_lets_the_call_be_made_once() {
    for kill_server in [true, false] {
        let (mut world, attempt) = probing(kill_server).await;
        let broken = probe(&attempt).await;
        assert_eq!(attempt.settle(&broken, End::NotDone).await, Settled::Written);
        let permit = made(attempt.intend("1.1.0", "pay", &bill()).await);
        assert_eq!((permit.number, permit.idempotency_key()), (2, broken.idempotency_key()));
        // What was found of the first try says nothing of the second.
        assert_eq!(attempt.settle(&broken, End::NotDone).await, Settled::Abandoned);
        world.restart().await;
        assert_eq!(probe(&world.attempt(1).await).await.number, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_cannot_tell_leads_to_a_person() {
    for kill_server in [true, false] {
        let (world, attempt) = probing(kill_server).await;
        probe(&attempt).await;
        let gate = gated(&attempt.unsure("1.1.0", "pay", &bill()).await);
        let why = world.gate(gate).why.expect("it says why");
        assert!(why.contains("broke off before `pay` answered: it does not answer."), "{why}");
        assert_eq!(world.states(1), [(Unknown, 1)]);
        // The gate is open: the tool is not asked any more.
        assert_eq!(gated(&attempt.intend("1.1.0", "pay", &bill()).await), gate);
    }
}
