//! The rules of the journal, each with the case that breaks without it.

use std::time::Duration;

use mainspring_boundary::{Divergence, gateway::HeldFor};
use mainspring_store::EffectState::{Committed, Failed};
use mainspring_testkit::upstream::{Outcome, Upstream};
use mainspring_types::Code;
use serde_json::json;

use crate::world::{Agent, Plan, SOON, World, chat, key};

/// Answers everything with what it was asked, once slowly.
const ECHO: &str = "version: 1\nrules: [{match: {}, reply: {text: 'You said ${last_user}'}}]\n";
const SLOW: &str =
    "version: 1\nrules: [{match: {}, reply: {text: 'a b c d', chunk_chars: 2, chunk_delay_ms: 60}}]\n";

async fn world(script: &str) -> (Upstream, World, Agent) {
    let upstream = Upstream::start(script);
    let world = World::new(&upstream).await;
    let agent = world.attempt(1, 1);
    (upstream, world, agent)
}

fn kinds(world: &World, of: &str) -> usize {
    world.lines(1).iter().filter(|line| *line == of).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_askers_of_one_call_share_its_answer_the_late_one_from_its_beginning() {
    let (upstream, world, agent) = world(SLOW).await;
    let mut early = agent.hear("hello").await;
    let beginning = early.until("b ").await;
    let late = agent.stream("hello").await;
    let rest = early.whole().await;
    assert_eq!(late.text(), beginning + rest.text());
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Committed, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_settled_by_its_owner_though_another_attempt_has_begun() {
    let (upstream, world, agent) = world(SLOW).await;
    let mut answering = agent.hear("hello").await;
    answering.until("a ").await;
    drop(answering);
    let second = world.attempt(1, 2);
    world.wait_for(1, "effect.committed").await;
    assert!(second.stream("hello").await.is_replayed());
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Committed, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_attempt_joins_a_call_in_flight() {
    let (upstream, world, agent) = world(SLOW).await;
    let mut answering = agent.hear("hello").await;
    answering.until("a ").await;
    drop(answering);
    let answer = world.attempt(1, 2).stream("hello").await;
    assert_eq!((answer.said().as_str(), answer.is_replayed()), ("a b c d", false));
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Committed, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_nothing_once_another_attempt_has_the_step() {
    let (upstream, world, first) = world(ECHO).await;
    let second = world.attempt(1, 2);
    let refused = first.chat("hello").await;
    assert_eq!((refused.status, refused.header("x-should-retry")), (403, "false"));
    assert_eq!(refused.json()["error"]["code"], Code::TokenRefused.as_str());
    assert_eq!((upstream.calls(), world.lines(1).len()), (0, 0));
    assert_eq!(second.chat("hello").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_sees_its_key_and_never_the_token() {
    let (upstream, _world, agent) = world(ECHO).await;
    agent.with("x-mine", "kept").chat("hello").await;
    let sent = &upstream.log()[0];
    assert_eq!(sent.header("authorization"), Some("Bearer the-provider-key"));
    assert_eq!(sent.header("x-mine"), Some("kept"));
    assert_eq!(sent.body, chat("hello").to_string(), "byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_made_again_is_another_one_and_a_retry_of_the_client_is_not() {
    let (upstream, world, agent) = world(ECHO).await;
    let first = agent.chat("hello").await;
    let retried = agent.with("x-stainless-retry-count", "1").chat("hello").await;
    assert!(retried.is_replayed() && retried.body == first.body);
    assert!(!agent.chat("hello").await.is_replayed());
    assert_eq!((upstream.calls(), world.states(1).len()), (2, 2));
    let second = world.attempt(1, 2);
    for replayed in [true, true, false] {
        assert_eq!(second.chat("hello").await.is_replayed(), replayed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_replayed_as_the_stream_it_was() {
    let (_upstream, world, agent) = world(SLOW).await;
    let first = agent.stream("hello").await;
    let again = world.attempt(1, 2).stream("hello").await;
    assert_eq!((&again.body, again.status), (&first.body, first.status));
    assert_eq!(again.header("content-type"), first.header("content-type"));
    let whole = world.attempt(1, 3).chat("hello").await;
    assert!(!whole.is_replayed(), "a whole answer is another call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_ended_an_attempt_is_reopened_by_the_next() {
    let script = "version: 1\nrules: [{match: {last_user: bad}, replies: [{error: {status: 500}}, {error: {status: 500}},
        {error: {status: 500}}, {text: fine}]}, {match: {}, reply: {text: other}}]\n";
    let (_upstream, world, agent) = world(script).await;
    let (bad, other) = tokio::join!(agent.chat("bad"), agent.chat("other"));
    assert_eq!((bad.status, other.status), (500, 200), "one of two at once fails, which ends the attempt");
    let second = world.attempt(1, 2);
    assert_eq!(second.chat("bad").await.said(), "fine");
    assert!(second.chat("other").await.is_replayed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_was_survived_is_replayed_as_it_was_delivered() {
    let script = "version: 1\nrules: [{match: {stream: true}, reply: {chunks: ['one ', 'two '], fault: {kind: disconnect, after_chunks: 1}}},
        {match: {}, reply: {text: whole}}]\n";
    let (upstream, world, agent) = world(script).await;
    let broken = agent.stream("hello").await;
    assert!(broken.broken && agent.chat("hello").await.said() == "whole", "it fell back to a whole answer");
    let second = world.attempt(1, 2);
    let again = second.stream("hello").await;
    assert_eq!((again.broken, again.is_replayed(), &again.body), (true, true, &broken.body));
    assert!(second.chat("hello").await.is_replayed());
    assert_eq!((upstream.calls(), world.states(1)), (2, vec![(Failed, 1), (Committed, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_call_is_not_seen_before_it_is_durable() {
    let script = "version: 1\nrules: [{match: {}, reply: {text: 'I will add', tool_calls: [{name: add, arguments: {a: 1}}],
        chunk_delay_ms: 50}}]\n";
    let (upstream, world, agent) = world(script).await;
    let mut body = chat("hello");
    body["stream"] = json!(true);
    body["tools"] = json!([{ "type": "function", "function": { "name": "add" } }]);
    let mut answering = agent.send("/v1/chat/completions", &body).await;
    let mut heard = answering.until("I will").await;
    let halt = world.brake().halt();
    upstream.wait_until(SOON, |log| log[0].outcome == Outcome::Sent);
    // What is going to come without the writer comes at once.
    while let Ok(piece) = tokio::time::timeout(Duration::from_millis(200), answering.next()).await {
        heard += std::str::from_utf8(&piece.expect("not broken").expect("not at its end")).expect("text");
    }
    assert!(heard.contains("add"), "text flows: {heard}");
    assert!(!heard.contains("finish_reason\":\"tool_calls") && !heard.contains("[DONE]"), "{heard}");
    drop(halt);
    let rest = answering.whole().await;
    assert!(rest.text().contains("tool_calls") && rest.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(world.states(1), [(Committed, 1)]);
}

/// An attempt that went three turns, and a second one that goes the first of them.
async fn second_attempt(divergence: Divergence) -> (Upstream, World, Agent) {
    let upstream = Upstream::start(ECHO);
    let world = World::with(Plan { divergence, ..Plan::of(&upstream) }).await;
    let first = world.attempt(1, 1);
    for turns in [&["plan"][..], &["plan", "yes", "go"], &["plan", "yes", "go", "gone", "end"]] {
        assert_eq!(first.talk(turns).await.status, 200);
    }
    let second = world.attempt(1, 2);
    assert!(second.talk(&["plan"]).await.is_replayed());
    (upstream, world, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_call_at_a_recorded_place_is_made_and_what_was_recorded_after_it_is_never_served() {
    let (upstream, world, second) = second_attempt(Divergence::Live).await;
    assert!(!second.talk(&["plan", "yes", "stop"]).await.is_replayed());
    let diverged: Vec<_> =
        world.journal(1).into_iter().filter(|line| line["type"] == "effect.diverged").collect();
    assert_eq!((diverged.len(), &diverged[0]["superseded"]), (1, &json!(1)));
    assert!(!second.talk(&["plan", "yes", "go", "gone", "end"]).await.is_replayed());
    assert_eq!(upstream.calls(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_call_at_a_recorded_place_ends_the_run_where_that_is_the_policy() {
    let (upstream, world, second) = second_attempt(Divergence::Fail).await;
    let refused = second.talk(&["plan", "yes", "stop"]).await;
    assert_eq!((refused.status, refused.header("x-should-retry")), (409, "false"));
    assert_eq!(world.watch.ended()[0].code, Code::Diverged);
    assert_eq!((upstream.calls(), kinds(&world, "effect.diverged")), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_call_at_a_recorded_place_waits_for_somebody_where_that_is_the_policy() {
    let (upstream, world, second) = second_attempt(Divergence::Ask).await;
    let asked = tokio::spawn(async move { second.talk(&["plan", "yes", "stop"]).await });
    assert_eq!(world.watch.held(1).await.what, HeldFor::Gate);
    assert!(world.gateway().steer(&key(1), Divergence::Ask), "looks again, and waits on");
    assert_eq!(upstream.calls(), 3);
    assert!(world.gateway().steer(&key(1), Divergence::Live));
    assert_eq!(asked.await.expect("ends").status, 200);
    let told: Vec<_> =
        world.journal(1).into_iter().filter(|line| line["type"] == "effect.diverged").collect();
    assert_eq!(told.iter().map(|line| line["policy"].clone()).collect::<Vec<_>>(), ["ask", "live"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorded_call_but_for_a_date_is_served_with_a_word_about_it() {
    let upstream = Upstream::start(ECHO);
    for (policy, status) in [(Divergence::Live, 200), (Divergence::Fail, 409)] {
        let world = World::with(Plan { divergence: policy, ..Plan::of(&upstream) }).await;
        let first = world.attempt(1, 1).chat("It is 2026-11-20. Go on.").await;
        let again = world.attempt(1, 2).chat("It is 2026-11-21. Go on.").await;
        assert_eq!(again.status, status);
        assert_eq!(again.body == first.body, policy == Divergence::Live);
        assert_eq!(kinds(&world, "effect.near"), usize::from(policy == Divergence::Live));
    }
    assert_eq!(upstream.calls(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_for_an_attempt_that_is_told_to_end() {
    let (upstream, world, agent) = world(ECHO).await;
    world.watch.cancel();
    assert_eq!(agent.chat("hello").await.status, 403);
    assert_eq!(upstream.log().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_deserted_between_two_tries_is_not_sent_again() {
    let script = "version: 1\nrules: [{match: {}, reply: {error: {status: 500, retry_after: 30}}}]\n";
    let (upstream, world, agent) = world(script).await;
    let asked = tokio::spawn(async move { agent.chat("hello").await });
    world.wait_for(1, "effect.retried").await;
    world.watch.cancel();
    asked.abort();
    world.wait_until(SOON, || world.states(1) == [(Failed, 1)]).await;
    assert_eq!(upstream.calls(), 1);
}
