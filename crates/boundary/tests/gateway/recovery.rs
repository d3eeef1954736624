//! A gateway that is killed and started again, and providers that stand in for each other.

use std::time::{Duration, Instant};

use mainspring_boundary::route::Family;
use mainspring_store::EffectState::{Committed, Failed, Unknown};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::{Code, Timestamp};
use serde_json::json;

use crate::world::{Plan, SOON, World, provider, provider_at};

const FINE: &str = "version: 1\nrules: [{match: {}, reply: {text: fine}}]\n";
const HANGS_ONCE: &str = "version: 1\nrules: [{match: {}, replies: [{chunks: [one], fault: {kind: hang, after_chunks: 1}}, {text: fine}]}]\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_replayed_after_a_kill_and_what_was_in_flight_is_repaid() {
    let upstream = Upstream::start(
        "version: 1\nrules: [{match: {last_user: second}, replies: [{chunks: [one], fault: {kind: hang, after_chunks: 1}},
         {text: fine}]}, {match: {}, reply: {text: fine}}]\n",
    );
    let mut world = World::new(&upstream).await;
    let agent = world.attempt(1, 1);
    let first = agent.chat("first").await;
    let mut second = agent.hear("second").await;
    second.until("one").await;
    world.restart().await;
    assert_eq!(world.states(1), [(Committed, 1), (Unknown, 1)]);
    let agent = world.attempt(1, 2);
    let replayed = agent.chat("first").await;
    assert!(replayed.is_replayed() && replayed.body == first.body);
    assert_eq!(agent.stream("second").await.said(), "fine");
    assert_eq!(world.states(1), [(Committed, 1), (Committed, 2)]);
    assert_eq!(world.lines(1).last().map(String::as_str), Some("effect.committed"));
    assert_eq!(upstream.calls(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_happen_twice_is_refused_after_a_kill() {
    let upstream = Upstream::start(HANGS_ONCE);
    let mut world = World::new(&upstream).await;
    let stored = json!({ "model": "gpt-4o-mini", "input": "hello", "store": true, "stream": true });
    let mut answering = world.attempt(1, 1).send("/v1/responses", &stored).await;
    answering.until("one").await;
    world.restart().await;
    let refused = world.attempt(1, 2).post("/v1/responses", &stored).await;
    assert_eq!((refused.status, refused.header("x-should-retry")), (409, "false"));
    assert_eq!(refused.json()["error"]["code"], Code::EffectUnknown.as_str());
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Unknown, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_happen_twice_is_not_tried_again_after_a_reset() {
    let upstream = Upstream::start("version: 1\nrules: [{match: {}, reply: {fault: {kind: refuse}}}]\n");
    let world = World::new(&upstream).await;
    let stored = json!({ "model": "gpt-4o-mini", "input": "hello", "store": true });
    let agent = world.attempt(1, 1);
    for _ in 0..2 {
        let refused = agent.post("/v1/responses", &stored).await;
        assert_eq!((refused.status, refused.header("x-should-retry")), (409, "false"));
    }
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Unknown, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_run_ended_in_the_meantime_is_only_charged() {
    let upstream = Upstream::start(
        "version: 1\nrules: [{match: {}, reply: {text: 'a b c', chunk_chars: 2, chunk_delay_ms: 60}}]\n",
    );
    let world = World::new(&upstream).await;
    let mut answering = world.attempt(1, 1).hear("hello").await;
    answering.until("a ").await;
    let key = crate::world::key(1);
    world
        .write(move |pen| mainspring_store::Ledger::abandon(pen, &key, Timestamp::now()).expect("abandoned"));
    answering.whole().await;
    let effect = &world.effects(1)[0];
    assert_eq!(effect.state.as_str(), "abandoned");
    assert!(effect.tokens.output > 0 && effect.held.tokens == 0, "{effect:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_closes_gives_up_what_only_waits_and_lands_what_flies() {
    let upstream = Upstream::start(
        "version: 1\nrules: [{match: {last_user: slow}, reply: {text: fine, delay_ms: 300}},
         {match: {}, reply: {error: {status: 500, retry_after: 60}}}]\n",
    );
    let mut world = World::new(&upstream).await;
    let agent = world.attempt(1, 1);
    let (slow, failing) = (agent.clone(), agent);
    let asked = tokio::spawn(async move { tokio::join!(slow.chat("slow"), failing.chat("failing")) });
    world.wait_for(1, "effect.retried").await;
    upstream.wait_until(SOON, |log| log.len() == 2);
    let began = Instant::now();
    world.gateway().close().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let mut states = world.states(1);
    states.sort_unstable();
    assert_eq!(states, [(Committed, 1), (Failed, 1)]);
    asked.abort();
    world.kill().await;
}

/// Which of two providers answers, in the order in which they were asked.
async fn failover(first: &str) -> (Upstream, Upstream, World) {
    let (first, second) = (Upstream::start(first), Upstream::start(FINE));
    let providers =
        vec![provider("first", Family::OpenAi, &first), provider("second", Family::OpenAi, &second)];
    let world = World::with(Plan { providers, ..Plan::of(&first) }).await;
    (first, second, world)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_provider_is_asked_when_one_fails_and_the_first_is_first_again() {
    let (first, second, world) =
        failover("version: 1\nrules: [{match: {}, replies: [{error: {status: 500}}, {text: first}]}]\n")
            .await;
    let agent = world.attempt(1, 1);
    assert_eq!(agent.chat("hello").await.said(), "fine");
    assert_eq!(agent.chat("and again").await.said(), "first");
    assert_eq!((first.calls(), second.calls()), (2, 1));
    let asked: Vec<_> = world.effects(1).into_iter().map(|effect| effect.provider).collect();
    assert_eq!(asked, ["second", "first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_over_its_rate_is_passed_over_for_as_long_as_it_asks() {
    let (first, second, world) =
        failover("version: 1\nrules: [{match: {}, reply: {error: {status: 429, retry_after: 60}}}]\n").await;
    let agent = world.attempt(1, 1);
    for text in ["one", "two", "three"] {
        assert_eq!(agent.chat(text).await.said(), "fine");
    }
    assert_eq!((first.calls(), second.calls(), world.watch.holds_begun()), (1, 3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_lacks_the_model_is_passed_over_and_the_last_word_is_the_last_ones() {
    let lacking = "version: 1\nrules: [{match: {}, reply: {error: {status: 404}}}]\n";
    let (first, second, world) = failover(lacking).await;
    let agent = world.attempt(1, 1);
    assert_eq!(agent.chat("hello").await.said(), "fine");
    second.load(lacking);
    assert_eq!(agent.chat("and again").await.status, 404);
    assert_eq!((first.calls(), second.calls()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_passed_over_and_one_alone_is_told_of() {
    let upstream = Upstream::start(FINE);
    let down = || provider_at("down", Family::OpenAi, "http://127.0.0.1:1".into());
    let providers = vec![down(), provider("up", Family::OpenAi, &upstream)];
    let world = World::with(Plan { providers, ..Plan::of(&upstream) }).await;
    assert_eq!(world.attempt(1, 1).chat("hello").await.said(), "fine");
    let world = World::with(Plan { providers: vec![down()], ..Plan::of(&upstream) }).await;
    let failed = world.attempt(1, 1).chat("hello").await;
    assert_eq!((failed.status, world.states(1)), (502, vec![(Failed, 3)]));
    let message = failed.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.starts_with("down cannot be reached: "), "{message}");
}
