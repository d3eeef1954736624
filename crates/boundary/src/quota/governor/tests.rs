//! Waiting at an account: turns, cancellation and pauses.

use std::path::PathBuf;

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::*;
use crate::provider::{Place, Provider};

/// How many calls an account lets go before it has learned anything.
const AT_ONCE: usize = 16;

fn account(model: &str, calls_per_minute: Option<u32>) -> Account {
    let provider = Provider {
        name: "offline".to_owned(),
        place: Place::Scripted { script: PathBuf::new() },
        key: None,
        models: Vec::new(),
        calls_per_minute,
        silence_max: Duration::from_secs(1),
    };
    Account::of(&provider, model)
}

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("a slug")
}

/// A governor with an account that has no room left, and the permits that fill it.
fn full() -> (Governor, Account, Vec<Permit>) {
    let (governor, account) = (Governor::new(), account("m", None));
    let permit = |_| governor.try_permit(&account, &tenant("a")).expect("there is room");
    let permits = (0..AT_ONCE).map(permit).collect();
    (governor, account, permits)
}

fn unexpected(busy: Busy) {
    panic!("nothing stands in the way, yet {busy:?}");
}

#[tokio::test]
async fn who_finds_room_does_not_wait() {
    let (governor, account) = (Governor::new(), account("m", None));
    let permit = governor.permit(&account, &tenant("a"), unexpected).await;
    permit.answered(Outcome::Failed);
}

#[tokio::test]
async fn a_permit_given_back_goes_to_the_next_in_turn() {
    let (governor, account, mut permits) = full();
    let governor = Arc::new(governor);
    let (went, mut order) = mpsc::unbounded_channel();
    for (ahead, name) in ["a", "a", "a", "b", "b"].into_iter().enumerate() {
        let (governor, account, went) = (Arc::clone(&governor), account.clone(), went.clone());
        let (waits, waiting) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let permit = governor
                .permit(&account, &tenant(name), |busy| waits.send(busy).expect("the test listens"))
                .await;
            went.send((name, permit)).expect("the test listens");
        });
        assert_eq!(waiting.await.expect("it waits"), Busy { until: None, ahead });
    }
    permits.pop();
    let mut names = String::new();
    while names.len() < 5 {
        let (name, _given_back) = order.recv().await.expect("five are waiting");
        names.push_str(name);
    }
    assert_eq!(names, "ababa");
}

#[tokio::test]
async fn a_waiter_that_is_dropped_leaves_the_queue() {
    let (governor, account, mut permits) = full();
    assert!(governor.permit(&account, &tenant("a"), |_| ()).now_or_never().is_none());
    let busy = governor.try_permit(&account, &tenant("a")).expect_err("it is full");
    assert_eq!(busy, Busy { until: None, ahead: 0 });
    permits.pop();
    assert!(governor.try_permit(&account, &tenant("a")).is_ok());
}

#[tokio::test]
async fn a_waiter_dropped_as_its_turn_comes_gives_it_back() {
    let (governor, account, mut permits) = full();
    let of = tenant("a");
    let mut waiter = Box::pin(governor.permit(&account, &of, |_| ()));
    assert!(waiter.as_mut().now_or_never().is_none());
    permits.pop();
    assert!(governor.try_permit(&account, &tenant("a")).is_err(), "the place is the waiter's");
    drop(waiter);
    assert!(governor.try_permit(&account, &tenant("a")).is_ok());
}

#[tokio::test]
async fn a_pause_passes_and_the_probe_lets_the_others_follow() {
    let (governor, account, mut permits) = full();
    let began = tokio::time::Instant::now();
    let wait = Some(Duration::from_millis(150));
    permits.pop().expect("one of them").answered(Outcome::Limited { wait });
    permits.clear();
    let mut pauses = 0;
    let probe =
        governor.permit(&account, &tenant("a"), |busy| pauses += i32::from(busy.until.is_some())).await;
    assert!(began.elapsed() >= Duration::from_millis(150));
    assert_eq!(pauses, 1, "told once, with its end");
    assert!(governor.try_permit(&account, &tenant("a")).is_err(), "the probe goes alone");
    probe.accepted(None);
    let _next = governor.permit(&account, &tenant("a"), |_| ()).await;
    probe.answered(Outcome::Accepted { exhausted: None });
}

#[tokio::test]
async fn a_set_rate_counts_all_models_of_the_provider() {
    let governor = Governor::new();
    let call = |model| governor.try_permit(&account(model, Some(1)), &tenant("a"));
    let first = call("m").expect("the minute is empty");
    drop(first);
    let busy = call("n").expect_err("what a dropped permit used of the rate stays used");
    assert!(busy.until.is_some());
    assert!(
        governor.try_permit(&account("m", None), &tenant("a")).is_ok(),
        "another setting, another account"
    );
}

#[tokio::test]
async fn accounts_that_rest_are_forgotten_and_others_never() {
    let (governor, account, _permits) = full();
    for model in 0..2 * ACCOUNTS_MAX {
        drop(governor.try_permit(&self::account(&model.to_string(), None), &tenant("a")));
    }
    assert!(governor.lines.lock().expect("nobody panicked").len() <= ACCOUNTS_MAX);
    assert!(governor.try_permit(&account, &tenant("a")).is_err(), "it is still full");
}
