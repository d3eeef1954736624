//! Runs: accepted, followed, listed, limited and cancelled.

use std::pin::pin;

use futures_util::StreamExt;
use mainspring_api::{
    client::Client,
    effect::ListEffects,
    limit::{Departure, DivergeRun, Dollars, Policy, RaiseRun},
    run::{CancelRun, CreateRun, ListRuns, RunStatus, RunView},
};
use mainspring_types::{Code, RunId};
use serde_json::json;

use crate::site::{CHILD, PATIENCE, Site, post};

#[tokio::test]
async fn a_run_is_followed_to_its_result() {
    let site = Site::start().await;
    let run = site.create("hello").await;
    let entries: Vec<_> =
        site.client.follow(run, 0, PATIENCE).map(|entry| entry.expect("an entry")).collect().await;
    let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert_eq!(entries.last().map(|entry| entry.kind.as_str()), Some("run.completed"));
    let view = site.client.run(run).await.expect("known");
    assert_eq!((view.status, view.result), (RunStatus::Completed, Some(json!("hello"))));
    assert_eq!(
        site.client.follow(run, view.last_seq, PATIENCE).count().await,
        0,
        "there is nothing more to say"
    );
}

#[tokio::test]
async fn a_repeated_idempotency_key_is_the_same_run_and_another_body_a_conflict() {
    let site = Site::start().await;
    let first = site.client.create_run(&site.request("a"), Some("k")).await.expect("accepted");
    let again = site.client.create_run(&site.request("a"), Some("k")).await.expect("accepted");
    assert_eq!(first.run_id, again.run_id);
    let other = site.client.create_run(&site.request("b"), Some("k")).await.expect_err("another body");
    assert_eq!(other[0].code.as_str(), "E1504");
}

#[tokio::test]
async fn a_live_run_is_cancelled_once() {
    let site = Site::start().await;
    let run = site.create("hold").await;
    site.client.cancel(run, &CancelRun::default()).await.expect("stopping");
    let last = pin!(site.client.follow(run, 0, PATIENCE)).fold(None, async |_, entry| Some(entry)).await;
    assert_eq!(last.expect("entries").expect("an entry").kind, "run.cancelled");
    let again = site.client.cancel(run, &CancelRun::default()).await.expect("its outcome");
    assert_eq!(again.status, RunStatus::Cancelled);
}

#[tokio::test]
async fn runs_are_listed_page_by_page() {
    let site = Site::start().await;
    let mut made = [site.create("a").await, site.create("b").await, site.create("c").await];
    let (mut seen, mut list) = (Vec::new(), ListRuns { limit: Some(2), ..ListRuns::default() });
    loop {
        let page = site.client.list_runs(&list).await.expect("a page");
        seen.extend(page.items.iter().map(|run| run.run_id));
        list.cursor = page.next_cursor;
        if list.cursor.is_none() {
            break;
        }
    }
    seen.sort_unstable();
    made.sort_unstable();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_runs_limits_are_shown_with_what_is_used_and_can_be_raised() {
    let site = Site::start().await;
    let request =
        CreateRun { max_tokens: Some(500), max_cost: Some(Dollars("$1.50".into())), ..site.request("hold") };
    let run = site.client.create_run(&request, None).await.expect("accepted");
    let budget = |run: &RunView| run.budget.iter().map(|limit| limit.summary.clone()).collect::<Vec<_>>();
    assert_eq!(budget(&run), ["$0.0000 of $1.5000", "0 of 500 tokens"]);
    let raise = RaiseRun { tokens: Some(900), calls: Some(3), ..RaiseRun::default() };
    let raise = RaiseRun { policy: Some(Policy::Terminate), ..raise };
    let run = site.client.raise(run.run_id, &raise).await.expect("raised");
    assert_eq!(budget(&run), ["0 of 3 calls", "$0.0000 of $1.5000", "0 of 900 tokens"]);
    assert_eq!(run.budget[2].policy, "terminate");
    assert_eq!((run.cost.as_str(), run.model_calls), ("$0.0000", 0));
}

#[tokio::test]
async fn what_cannot_be_raised_or_decided_says_why() {
    let site = Site::start().await;
    let run = site.create("hold").await;
    let nothing = site.client.raise(run, &RaiseRun::default()).await.expect_err("no limit");
    assert_eq!((nothing.code, nothing.message.as_str()), (Code::BadRequest, "the request names no limit"));
    let ended = site.create("hello").await;
    site.client.follow(ended, 0, PATIENCE).count().await;
    let raise = RaiseRun { tokens: Some(900), ..RaiseRun::default() };
    let refused = site.client.raise(ended, &raise).await.expect_err("it has ended");
    assert_eq!((refused.code, refused.message), (Code::StateConflict, format!("run {ended} has ended")));
    let diverge = DivergeRun { policy: Departure::Live };
    let refused = site.client.diverge(ended, &diverge).await.expect_err("nobody calls out");
    assert_eq!((refused.code, refused.message), (Code::StateConflict, format!("run {ended} has ended")));
    let request = CreateRun { max_cost: Some(Dollars("much".into())), ..site.request("a") };
    let refused = site.client.create_run(&request, None).await.expect_err("no amount");
    assert_eq!(refused[0].message, "`max_cost`: `much` is not an amount of money; write it like $1.50");
}

#[tokio::test]
async fn a_run_without_model_calls_has_an_empty_list_of_effects() {
    let site = Site::start().await;
    let run = site.create("hello").await;
    let page = site.client.effects(run, &ListEffects::default()).await.expect("a page");
    assert_eq!((page.items, page.next_cursor), (vec![], None));
    let list = ListEffects { cursor: Some("eff_x".into()), ..ListEffects::default() };
    let refused = site.client.effects(run, &list).await.expect_err("no cursor");
    assert_eq!(refused.suggestion.as_deref(), Some("pass the `next_cursor` of the page before, as it is"));
    let unknown = RunId::from_u128(1);
    let refused = site.client.effects(unknown, &ListEffects::default()).await.expect_err("unknown");
    assert_eq!(refused.code, Code::NotFound);
}

#[tokio::test]
async fn a_run_that_waits_for_another_names_it() {
    let site = Site::start().await;
    let run = site.create("delegate").await;
    let waiting = site.until(run, RunStatus::Waiting).await.waiting.expect("it waits");
    assert_eq!(waiting.detail, format!("step `main` waits for run {CHILD}, which it started"));
    assert!(waiting.way_out.ends_with(&format!("mainspring why {CHILD}")), "{}", waiting.way_out);
}

#[tokio::test]
async fn the_server_is_ready_and_tells_where_it_listens() {
    let site = Site::start().await;
    assert_eq!(site.client.ready().await.expect("answers").status, "ok");
    let bound = site.stack.listen("127.0.0.1:0".parse().expect("an address")).await.expect("binds");
    let folder = site.stack.folder();
    assert_eq!(folder.announced().map(|note| note.listen), Some(bound));
    let key = folder.key().expect("made").secret().clone();
    let over_tcp = Client::tcp(bound, key).list_runs(&ListRuns::default()).await.expect("a page");
    assert_eq!(over_tcp.items, []);
    let wrong = Client::tcp(bound, "wrong".into()).list_runs(&ListRuns::default()).await.expect_err("no key");
    assert_eq!(wrong.code.as_str(), "E1501");
}

#[tokio::test]
async fn an_accepted_run_has_a_place() {
    let site = Site::start().await;
    let body = serde_json::to_string(&site.request("a")).expect("serialises");
    let (head, _) = post(&site.stack.folder().control_socket(), "/api/v1/runs", &body).await;
    assert!(head.starts_with("HTTP/1.1 202 Accepted\r\n"), "{head}");
    assert!(head.contains("\r\nlocation: /api/v1/runs/run_"), "{head}");
}

#[tokio::test]
async fn shutting_down_ends_streams_that_have_nothing_to_say() {
    let site = Site::start().await;
    let run = site.create("hold").await;
    let mut entries = pin!(site.client.events(run, 0).await.expect("a stream"));
    entries.next().await.expect("an entry").expect("it is whole");
    tokio::time::timeout(PATIENCE, site.stack.shutdown()).await.expect("soon");
    while let Some(entry) = entries.next().await {
        assert!(!entry.expect("an entry").is_last());
    }
}
