//! A run that goes on for many turns: messages, the wait for them, and the end of it.

use mainspring_boundary::{
    broker::{Action, Decision, Unanswered},
    conversation::{Concluded, Recalled, Unheard},
};
use mainspring_types::{GateKind, GateState, Hash};
use serde_json::{Value, json};

use crate::world::{Attempt, World, says};

fn talking() -> Value {
    json!({ "session": { "mode": "conversation" } })
}

/// A run that concluded its first turn, and its attempt.
async fn concluded(fields: &Value) -> (World, Attempt, Concluded) {
    let mut world = World::new().await;
    world.begin(1, fields).await;
    let attempt = world.attempt(1).await;
    let recalled = attempt.recall().await.expect("it counts");
    assert_eq!((recalled.next_turn, heard(&recalled), recalled.done), (1, vec![1], false));
    let after = attempt.conclude(1, "hello yourself").await;
    (world, attempt, after)
}

/// A run that waits for its second message, and the gate.
async fn waiting(fields: &Value) -> (World, Hash) {
    let (world, attempt, after) = concluded(fields).await;
    let Concluded::Gate { gate, deadline } = after else { panic!("{after:?}") };
    attempt.park(gate, deadline).await;
    (world, gate)
}

fn heard(recalled: &Recalled) -> Vec<u64> {
    recalled.inbox.iter().map(|message| message.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_turn_the_next_message_is_waited_for_without_a_worker() {
    let (mut world, gate) = waiting(&talking()).await;
    assert_eq!((world.gate(gate).kind, world.status(1)), (GateKind::Input, "waiting".into()));
    assert_eq!(world.lines(1), ["turn.ended", "gate.opened"]);
    assert!(world.journal(1).iter().all(|line| line["step"] == "main"));
    world.restart().await;
    assert_eq!(world.say(1, "and now?").await, Ok(2));
    let recalled = world.attempt(1).await.recall().await.expect("it counts");
    assert_eq!((recalled.next_turn, heard(&recalled), recalled.history.len()), (2, vec![2], 1));
    assert_eq!(world.gate(gate).state, GateState::Answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_the_gate_is_a_message() {
    let (mut world, gate) = waiting(&talking()).await;
    world.answer(gate, says(Action::Answer, Some("and now?"))).await.expect("it counts");
    let recalled = world.attempt(1).await.recall().await.expect("it counts");
    assert_eq!(recalled.inbox[0].parts, crate::world::parts("and now?"));
    assert_eq!(world.lines(1)[2..], ["message.added", "gate.settled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_while_the_agent_works_are_taken_up_by_its_next_turn() {
    let mut world = World::new().await;
    world.begin(1, &talking()).await;
    let attempt = world.attempt(1).await;
    assert_eq!((world.say(1, "also this").await, world.say(1, "and that").await), (Ok(2), Ok(3)));
    let Concluded::Messages(messages) = attempt.conclude(1, "done").await else {
        panic!("they came meanwhile");
    };
    assert_eq!(messages.iter().map(|message| message.id).collect::<Vec<_>>(), [2, 3]);
    assert!(matches!(attempt.conclude(2, "done too").await, Concluded::Gate { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_is_broken_off_takes_its_questions_with_it() {
    let mut world = World::new().await;
    world
        .begin(
            1,
            &json!({ "session": { "mode": "conversation" }, "approvals": [{
        "pattern": "shell", "verdict": "ask", "from": "agent"
    }], "toolsets": ["shell"] }),
        )
        .await;
    let attempt = world.attempt(1).await;
    let Decision::Gate { gate, .. } = attempt.shell("make").await else { panic!("someone is asked") };
    attempt.conclude(1, "interrupted").await;
    assert_eq!(world.gate(gate).state, GateState::Withdrawn);
    assert_eq!(world.lines(1), ["gate.opened", "gate.settled", "turn.ended", "gate.opened"]);
    let late = world.answer(gate, says(Action::Approve, None)).await;
    assert!(matches!(late, Err(Unanswered::Settled(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_between_the_turn_and_the_park_wakes_the_run() {
    let (mut world, attempt, after) = concluded(&talking()).await;
    let Concluded::Gate { gate, deadline } = after else { panic!("{after:?}") };
    assert_eq!(world.say(1, "one more").await, Ok(2));
    attempt.park(gate, deadline).await;
    assert_eq!(heard(&world.attempt(1).await.recall().await.expect("it counts")), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_ends_when_nothing_more_will_be_said() {
    let (mut world, gate) = waiting(&talking()).await;
    assert_eq!(world.done(1).await, Ok(()));
    let attempt = world.attempt(1).await;
    let recalled = attempt.recall().await.expect("it counts");
    assert!(recalled.done && recalled.inbox.is_empty());
    attempt.finish().await;
    assert_eq!((world.gate(gate).state, world.status(1)), (GateState::Denied, "completed".into()));
    assert_eq!((world.done(1).await, world.say(1, "?").await), (Err(Unheard::Ended), Err(Unheard::Ended)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_works_ends_with_its_turn_when_nothing_more_will_be_said() {
    let mut world = World::new().await;
    world.begin(1, &talking()).await;
    let attempt = world.attempt(1).await;
    world.say(1, "one last thing").await.expect("it hears");
    world.done(1).await.expect("it hears");
    assert!(matches!(attempt.conclude(1, "first").await, Concluded::Messages(_)), "what was said is heard");
    assert!(matches!(attempt.conclude(2, "last").await, Concluded::Over));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_to_be_heard_who_is_not() {
    let mut world = World::new().await;
    world.begin(1, &json!({})).await;
    let attempt = world.attempt(1).await;
    assert!(matches!(attempt.conclude(1, "done").await, Concluded::Over));
    assert_eq!(world.say(1, "wait").await, Err(Unheard::Ended));
    // Its last word was spoken, and its session is free, though its end is not recorded yet.
    world.begin_in(2, 1, &json!({})).await.expect("the session is free");
    attempt.finish().await;
    assert_eq!(world.say(9, "?").await, Err(Unheard::Deaf));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_ends_when_nothing_is_said_in_time() {
    let fields = json!({ "session": { "mode": "conversation", "input_deadline_ms": 1 } });
    let (mut world, gate) = waiting(&fields).await;
    let attempt = world.attempt(1).await;
    assert!(attempt.recall().await.expect("it counts").done);
    assert_eq!(world.gate(gate).state, GateState::Expired);
    assert!(matches!(attempt.conclude(1, "").await, Concluded::Over));
    assert_eq!(world.say(1, "am I late?").await, Err(Unheard::Ended));
    attempt.finish().await;
    assert_eq!(world.status(1), "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_is_concluded_twice_is_written_once() {
    let (mut world, attempt, after) = concluded(&talking()).await;
    let Concluded::Gate { gate: first, .. } = after else { panic!("{after:?}") };
    let Concluded::Gate { gate: again, .. } = attempt.conclude(1, "hello yourself").await else {
        panic!("it waits still");
    };
    assert_eq!((first, world.lines(1)), (again, vec!["turn.ended".to_owned(), "gate.opened".into()]));
    world.restart().await;
    assert_eq!(world.attempt(1).await.recall().await.expect("it counts").history.len(), 1);
}
