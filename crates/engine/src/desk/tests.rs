use mainspring_types::{AgentName, Hash, RunId, TenantId, Value};

use super::*;

fn assignment(run: u128, attempt: u32) -> Assignment {
    Assignment {
        key: RunKey { tenant: TenantId::sole(), run: RunId::from_u128(run) },
        step: StepId::new("step").expect("a step name"),
        attempt: AttemptNo(attempt),
        agent: AgentName::new("agent").expect("a name"),
        version: Hash::of(b""),
        work: serde_json::Value::Null,
        input: Value::null(),
        previous: None,
    }
}

const AT_ONCE: (Order, Duration) = (Order::Continue, Duration::ZERO);

async fn claimed(desk: &Desk) -> Vec<u128> {
    let held = desk.claim(10, Duration::ZERO).await;
    held.iter().map(|held| held.assignment.key.run.as_u128()).collect()
}

#[tokio::test]
async fn a_paused_runs_attempts_stay_untaken_until_it_goes_on() {
    let desk = Desk::default();
    desk.dispatch(assignment(1, 1));
    desk.dispatch(assignment(2, 1));
    let paused = assignment(1, 1).key;
    desk.hold(&paused);
    assert_eq!(desk.untaken(&paused), Some(Untaken::Withheld));
    assert_eq!(claimed(&desk).await, [2]);
    desk.unhold(&paused);
    assert_eq!(desk.untaken(&paused), Some(Untaken::Queued));
    assert_eq!(claimed(&desk).await, [1]);
    assert_eq!(desk.untaken(&paused), None);
}

#[tokio::test]
async fn a_ticket_of_an_earlier_attempt_is_told_to_abandon() {
    let desk = Desk::default();
    desk.dispatch(assignment(1, 1));
    let first = desk.claim(1, Duration::ZERO).await.remove(0);
    desk.dispatch(assignment(1, 2));
    let Assignment { key, step, attempt, .. } = &first.assignment;
    assert!(!desk.hear(key, step, (*attempt, first.nonce)));
    assert_eq!(desk.order(key, step, (*attempt, first.nonce), AT_ONCE).await, Order::Abandon);
    let second = desk.claim(1, Duration::ZERO).await.remove(0);
    assert!(!desk.hear(key, step, (AttemptNo(2), first.nonce)), "the number is another");
    assert!(desk.hear(key, step, (AttemptNo(2), second.nonce)));
}

#[tokio::test]
async fn a_kept_attempt_hears_that_it_is_held_and_an_order_to_end_stands() {
    let desk = Desk::default();
    desk.dispatch(assignment(1, 1));
    let held = desk.claim(1, Duration::ZERO).await.remove(0);
    let Assignment { key, step, attempt, .. } = &held.assignment;
    let ticket = (*attempt, held.nonce);
    let kept = Kept {
        reason: Reason::Budget,
        detail: "no tokens left".into(),
        way_out: "raise it".into(),
        since: Timestamp::from_millis(1),
    };
    desk.keep(key, step, ticket, Some(kept.clone()));
    assert_eq!(desk.order(key, step, ticket, AT_ONCE).await, Order::Hold);
    assert_eq!(desk.kept(key), Some(kept));
    desk.keep(key, step, ticket, None);
    assert_eq!(desk.order(key, step, ticket, (Order::Hold, Duration::ZERO)).await, Order::Continue);
    assert_eq!(desk.kept(key), None);
    assert_eq!(desk.ending(key, step, ticket), None);
    desk.abort(key, step, *attempt, CancelLevel::Stop);
    desk.keep(key, step, ticket, None);
    assert_eq!(desk.ending(key, step, ticket), Some(CancelLevel::Stop));
}

#[tokio::test]
async fn an_abort_is_heard_by_the_holder_and_takes_back_what_nobody_holds() {
    let desk = Desk::default();
    desk.dispatch(assignment(1, 1));
    desk.dispatch(assignment(2, 1));
    let held = desk.claim(1, Duration::ZERO).await.remove(0);
    let Assignment { key, step, attempt, .. } = &held.assignment;
    assert_eq!(desk.abort(key, step, *attempt, CancelLevel::Stop), None);
    let order = desk.order(key, step, (*attempt, held.nonce), AT_ONCE).await;
    assert_eq!(order, Order::Cancel(CancelLevel::Stop));
    let unbegun = assignment(2, 1);
    let taken_back = desk.abort(&unbegun.key, &unbegun.step, unbegun.attempt, CancelLevel::Stop);
    assert_eq!(taken_back, Some(unbegun));
    assert!(claimed(&desk).await.is_empty());
}
