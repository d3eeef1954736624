//! What goes wrong at providers: what the agent sees of it, what the run's record says, and what was paid.
//!
//! Nothing is committed that was not whole, and nothing whole is thrown away.

use std::time::{Duration, Instant};

use mainspring_boundary::gateway::Parting;
use mainspring_store::EffectState::{Committed, Failed};
use mainspring_testkit::upstream::{Outcome, Upstream};
use serde_json::json;

use crate::world::{Agent, Answer, Ending, Plan, Raw, SOON, World};

/// A provider whose first answers are these, and which then says `fine`.
fn provider(first: &str) -> Upstream {
    Upstream::start(&format!("version: 1\nrules:\n  - match: {{}}\n    replies: [{first}, {{text: fine}}]\n"))
}

async fn one(script: &str) -> (Upstream, World, Agent) {
    let upstream = provider(script);
    let world = World::new(&upstream).await;
    let agent = world.attempt(1, 1);
    (upstream, world, agent)
}

/// The fault is mended by another try: the agent never hears of it, and the run's record says so.
async fn mended(fault: &str) -> Answer {
    let (upstream, world, agent) = one(fault).await;
    let answer = agent.chat("hello").await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "fine"), "{fault}");
    assert_eq!(world.states(1), [(Committed, 2)], "{fault}");
    assert_eq!(world.lines(1), ["effect.intended", "effect.retried", "effect.committed"], "{fault}");
    assert_eq!(upstream.calls(), 2);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_before_the_answer_flows_are_mended_without_the_agents_knowledge() {
    for fault in [
        "{error: {status: 500, message: oops}}",
        "{error: {status: 529, message: busy, type: overloaded_error}}",
        "{fault: {kind: refuse}}",
        "{text: never, fault: {kind: disconnect}}",
        "{text: never, fault: {kind: truncate}}",
        "{text: never, fault: {kind: error_event}}",
        "{raw: {status: 200, body: 'no JSON'}}",
        "{raw: {status: 200, body: {no: choices}}}",
    ] {
        mended(fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_says_nothing_is_left_for_another_try() {
    let began = Instant::now();
    mended("{text: never, fault: {kind: hang}}").await;
    assert!(began.elapsed() > Duration::from_millis(400), "its time is what it was given");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_waited_out_for_as_long_as_it_asks() {
    let (_upstream, world, agent) = one("{error: {status: 429, message: slow, retry_after: 0.3}}").await;
    let began = Instant::now();
    assert_eq!(agent.chat("hello").await.said(), "fine");
    assert!(began.elapsed() > Duration::from_millis(300));
    assert_eq!(world.states(1), [(Committed, 2)]);
    let held = &world.watch.holds()[0].clone().expect("it is held");
    assert!(held.detail.starts_with("openai takes no more calls of `gpt-4o-mini` for now, not before "));
    assert_eq!(world.watch.holds().last(), Some(&None), "and no longer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_without_a_hint_is_waited_out_too() {
    let (_upstream, world, agent) = one("{error: {status: 429, message: slow}}").await;
    assert_eq!(agent.chat("hello").await.said(), "fine");
    assert_eq!(world.states(1), [(Committed, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_lasts_is_delivered_as_the_provider_said_it() {
    let script = "version: 1\nrules:\n  - match: {}\n    reply: {error: {status: 500, message: always}}\n";
    let upstream = Upstream::start(script);
    let world = World::new(&upstream).await;
    let answer = world.attempt(1, 1).chat("hello").await;
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (500, &json!("always")));
    assert_eq!(world.states(1), [(Failed, 3)]);
    assert_eq!(upstream.calls(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_delivered_at_once_and_replayed() {
    let (upstream, world, agent) = one("{error: {status: 400, message: 'no such thing'}}").await;
    let answer = agent.chat("hello").await;
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (400, &json!("no such thing")));
    let again = world.attempt(1, 2).chat("hello").await;
    assert_eq!((again.status, &again.body, again.is_replayed()), (400, &answer.body, true));
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Failed, 1)]));
}

/// The fault strikes after text has flowed: the agent's stream breaks as the provider's did, and is never committed.
async fn cut(fault: &str) {
    let (upstream, world, agent) = one(fault).await;
    let broken = agent.stream("hello").await;
    assert_eq!((broken.status, broken.broken, broken.said().as_str()), (200, true, "one two "), "{fault}");
    assert_eq!(world.states(1), [(Failed, 1)], "{fault}");
    let again = agent.stream("hello").await;
    assert_eq!((again.broken, again.said().as_str()), (false, "fine"), "{fault}");
    assert_eq!(world.states(1), [(Committed, 2)], "another try of the same call: {fault}");
    assert_eq!(upstream.calls(), 2, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_in_a_stream_that_flows_break_the_agents_stream() {
    for kind in ["disconnect", "hang", "truncate", "error_event"] {
        cut(&format!("{{chunks: ['one ', 'two ', 'three '], fault: {{kind: {kind}, after_chunks: 2}}}}"))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_drip_is_no_silence() {
    let (_upstream, world, agent) = one("{text: 'a b c d', chunk_chars: 2, chunk_delay_ms: 150}").await;
    let answer = agent.stream("hello").await;
    assert_eq!((answer.broken, answer.said().as_str()), (false, "a b c d"));
    assert_eq!(world.states(1), [(Committed, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_is_kept_though_its_connection_never_ends_well() {
    let frames = [
        r#"{"id":"c","choices":[{"index":0,"delta":{"content":"whole"}}]}"#,
        r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ];
    let stream = frames.map(|frame| format!("data: {frame}\n\n")).concat();
    for ending in [Ending::Cut, Ending::Hang] {
        let upstream = Raw::start("text/event-stream", stream.clone(), ending);
        let world = World::with(Plan::at(upstream.base_url())).await;
        let answer = world.attempt(1, 1).stream("hello").await;
        assert_eq!((answer.broken, answer.text()), (false, stream.as_str()), "{ending:?}");
        assert_eq!((world.states(1), upstream.calls()), (vec![(Committed, 1)], 1), "{ending:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_megabytes_are_committed_and_replayed() {
    // Digits that repeat farther apart than the packer looks, so that it cannot make them small.
    let digits: Vec<_> = (0..20_000_u64).map(|n| format!("{:09} ", n * n * 7_919 % 999_999_937)).collect();
    let text = digits.concat().repeat(210);
    let message = json!({ "role": "assistant", "content": text });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    let body = json!({ "id": "c", "choices": [choice] }).to_string();
    let upstream = Raw::start("application/json", body.clone(), Ending::Clean);
    let mut world = World::with(Plan::at(upstream.base_url())).await;
    let answer = world.attempt(1, 1).chat("hello").await;
    assert!(!answer.broken && answer.text() == body);
    assert_eq!(world.states(1), [(Committed, 1)]);
    let database = std::fs::metadata(world.folder().join("mainspring.db")).expect("a file").len();
    assert!(database < 1024 * 1024, "it is a blob: {database}");
    world.restart().await;
    let again = world.attempt(1, 2).chat("hello").await;
    assert!(again.is_replayed() && again.body == answer.body);
    assert_eq!(upstream.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_hangs_up_is_answered_later_from_what_was_read_to_its_end() {
    let (upstream, world, agent) = one("{text: 'a b c d', chunk_chars: 2, chunk_delay_ms: 50}").await;
    let mut answering = agent.hear("hello").await;
    answering.until("a ").await;
    drop(answering);
    let again = agent.stream("hello").await;
    assert_eq!((again.broken, again.said().as_str()), (false, "a b c d"));
    let later = world.attempt(1, 2).stream("hello").await;
    assert!(later.is_replayed() && later.body == again.body);
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Committed, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_hangs_up_under_a_cancel_ends_the_call() {
    let (upstream, world, agent) = one("{text: 'a b c d', chunk_chars: 2, chunk_delay_ms: 200}").await;
    let mut answering = agent.hear("hello").await;
    answering.until("a ").await;
    world.watch.cancel();
    drop(answering);
    upstream.wait_until(SOON, |log| log[0].outcome == Outcome::ClientDisconnected);
    assert_eq!(world.states(1)[0].1, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_ended_as_told_ends_its_call_whenever_the_hang_up_is_noticed() {
    for noticed_first in [true, false] {
        let (upstream, world, agent) = one("{text: 'a b c d', chunk_chars: 2, chunk_delay_ms: 200}").await;
        let mut answering = agent.hear("hello").await;
        answering.until("a ").await;
        drop(answering);
        if noticed_first {
            // Long enough to be noticed; nobody is told that it was.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.gateway().release(1_001, Parting::AsTold);
        upstream.wait_until(SOON, |log| log[0].outcome == Outcome::ClientDisconnected);
    }
}
