//! Sessions: what one run said is the past of the next.

use mainspring_boundary::conversation::{self, Begun, Concluded, Unbegun};
use mainspring_store::Key;
use mainspring_types::{Hash, RunId, SessionId, TenantId};
use serde_json::{Value, json};

use crate::world::{World, beginning};

fn talking() -> Value {
    json!({ "session": { "mode": "conversation" } })
}

/// A session with so many turns, each of a run of its own, numbered from 1.
async fn with_turns(turns: u32) -> World {
    let mut world = World::new().await;
    for turn in 1..=turns {
        let run = u128::from(turn);
        world.begin_in(run, 1, &json!({})).await.expect("the session is free");
        let attempt = world.attempt(run).await;
        let recalled = attempt.recall().await.expect("it counts");
        assert_eq!((recalled.next_turn, recalled.history.len()), (turn, turn as usize - 1));
        assert!(matches!(attempt.conclude(turn, &format!("turn {turn}")).await, Concluded::Over));
        attempt.finish().await;
    }
    world
}

async fn fork(world: &World, of: u128, turn: Option<u32>) -> Option<mainspring_store::SessionRow> {
    let of = Some((SessionId::from_u128(of), turn));
    conversation::fork(&world.submit(), TenantId::sole(), of, None).await.expect("the writer lives")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_run_goes_on_where_an_earlier_one_ended() {
    let mut world = with_turns(3).await;
    world.restart().await;
    let fields = json!({ "session": { "mode": "one_shot", "history_turns": 2 } });
    world.begin_in(4, 1, &fields).await.expect("the session is free");
    let recalled = world.attempt(4).await.recall().await.expect("it counts");
    let texts: Vec<&str> = recalled.history.iter().map(|message| message.get()).collect();
    assert!(texts.len() == 2 && texts[0].contains("turn 2") && texts[1].contains("turn 3"), "{texts:?}");
    assert_eq!(recalled.next_turn, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_keeps_the_turns_before_its_point_and_leaves_the_origin_alone() {
    let mut world = with_turns(3).await;
    let forked = fork(&world, 1, Some(2)).await.expect("there is a session");
    assert_eq!(forked.forked, Some((SessionId::from_u128(1), 2)));
    let session = forked.session.as_u128();
    world.begin_in(9, session, &json!({})).await.expect("the session is free");
    let attempt = world.attempt(9).await;
    assert_eq!(attempt.recall().await.expect("it counts").history.len(), 2);
    attempt.conclude(3, "another third").await;
    let last = |session| world.readers().last_turn(&TenantId::sole(), session).expect("readable");
    assert_eq!((last(forked.session), last(SessionId::from_u128(1))), (3, 3));
    let texts = |session| {
        let turns = world.readers().turns(&TenantId::sole(), session, 2, 10).expect("readable");
        turns.into_iter().map(|turn| turn.text).collect::<Vec<_>>()
    };
    assert_eq!(texts(SessionId::from_u128(1)), ["turn 3"]);
    assert_eq!(texts(forked.session), ["another third"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_beyond_the_end_is_one_of_everything_and_one_of_nothing_is_none() {
    let world = with_turns(2).await;
    let forked = fork(&world, 1, Some(99)).await.expect("there is a session");
    assert_eq!(forked.forked.map(|(_, turn)| turn), Some(2));
    assert_eq!(fork(&world, 77, None).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_one_live_run() {
    let mut world = World::new().await;
    let (one, other) = (beginning(1, 5, &talking()), beginning(2, 5, &talking()));
    let at_once = tokio::join!(world.try_begin(one), world.try_begin(other));
    let (begun, busy) = match at_once {
        (Ok(begun), Err(busy)) | (Err(busy), Ok(begun)) => (begun, busy),
        both => panic!("one begins: {both:?}"),
    };
    let Begun::New(live) = begun else { panic!("{begun:?}") };
    assert_eq!(busy, Unbegun::Busy(live));
    world.restart().await;
    assert_eq!(world.begin_in(3, 5, &talking()).await, Err(Unbegun::Busy(live)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_finds_its_run_and_another_does_not() {
    let world = World::new().await;
    let keyed = |run, request: &str| {
        let name = Key { caller: "ada".into(), route: "runs".into(), key: "k".into() };
        let mut beginning = beginning(run, 5, &talking());
        beginning.once = Some((name, Hash::of(request.as_bytes())));
        beginning
    };
    let first = RunId::from_u128(1);
    assert_eq!(world.try_begin(keyed(1, "this")).await, Ok(Begun::New(first)));
    assert_eq!(world.try_begin(keyed(2, "this")).await, Ok(Begun::Known(first)));
    assert_eq!(world.try_begin(keyed(3, "that")).await, Err(Unbegun::KeyUsed(first)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_named_by_what_was_said_first() {
    let world = with_turns(2).await;
    let session = world.readers().session(&TenantId::sole(), SessionId::from_u128(1)).expect("readable");
    assert_eq!(session.expect("it is there").title.as_deref(), Some("turn 1"));
}
