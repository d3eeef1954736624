//! What a long run costs: bytes on disk, and the time to go on.

use std::time::{Duration, Instant};

use mainspring_store::{EntryKind, Ledger as _, NewEntry, Pen};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::Timestamp;
use serde_json::{Value, json};

use crate::world::{Agent, World, key};

/// An answer as long as answers are.
fn upstream() -> Upstream {
    let words = (0..90).map(|word| format!("word{} ", word * 7 % 61)).collect::<Vec<_>>().concat();
    Upstream::start(&format!(
        "version: 1\nrules: [{{match: {{}}, reply: {{text: '{words}, which is all there is to ${{last_user}}'}}}}]\n"
    ))
}

/// A conversation that grows by a turn, its answers as the model gave them.
#[derive(Default)]
struct Talk {
    messages: Vec<Value>,
}

impl Talk {
    async fn turn(&mut self, agent: &Agent) {
        let said = format!("turn {}: {}", self.messages.len(), "what then? ".repeat(20));
        self.messages.push(json!({ "role": "user", "content": said }));
        let answer = agent
            .post("/v1/chat/completions", &json!({ "model": "gpt-4o-mini", "messages": self.messages }))
            .await;
        assert_eq!(answer.status, 200);
        self.messages.push(json!({ "role": "assistant", "content": answer.said() }));
    }
}

/// The size of the database with everything in it, folded back.
async fn size(world: &mut World) -> u64 {
    world.restart().await;
    std::fs::metadata(world.folder().join("mainspring.db")).expect("a file").len()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
async fn a_conversation_of_a_hundred_turns_grows_in_a_straight_line() {
    let upstream = upstream();
    let mut world = World::new(&upstream).await;
    let mut talk = Talk::default();
    let mut sizes = vec![size(&mut world).await];
    for half in 1..=2 {
        let agent = world.attempt(1, half);
        for _ in 0..50 {
            talk.turn(&agent).await;
        }
        sizes.push(size(&mut world).await);
    }
    let (first, second) = (sizes[1] - sizes[0], sizes[2] - sizes[1]);
    let sent: usize = upstream.log().iter().map(|entry| entry.body.len()).sum();
    eprintln!(
        "100 turns sent {} KB: turns 1 to 50 took {} KB on disk, turns 51 to 100 took {} KB",
        sent / 1024,
        first / 1024,
        second / 1024
    );
    assert!(second * 10 <= first * 13, "{first} bytes, then {second}");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
async fn a_run_of_ten_thousand_events_and_a_thousand_effects_is_soon_where_it_was() {
    let upstream = upstream();
    let mut world = World::new(&upstream).await;
    world.write(|pen| (0..9_000).for_each(|_| note(pen)));
    let first = world.attempt(1, 1);
    for tens in 0..50 {
        let calls: Vec<_> = (0..20)
            .map(|one| {
                let first = first.clone();
                tokio::spawn(async move { first.chat(&format!("call {}", tens * 20 + one)).await.status })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.expect("answered"), 200);
        }
    }
    world.restart().await;
    let second = world.attempt(1, 2);
    let mut took = Vec::with_capacity(1_000);
    for call in 0..1_000 {
        let asked = Instant::now();
        assert!(second.chat(&format!("call {call}")).await.is_replayed());
        took.push(asked.elapsed());
    }
    let all: Duration = took.iter().sum();
    let (early, late) = (median(&mut took[..200]), median(&mut took[800..]));
    eprintln!(
        "1,000 effects were replayed in {all:?}, one by one: {early:?} each of the first, {late:?} of the last"
    );
    assert_eq!(upstream.calls(), 1_000);
    assert!(late < early * 3, "what was replayed before makes the next no slower: {early:?}, then {late:?}");
}

fn median(took: &mut [Duration]) -> Duration {
    let (_, median, _) = took.select_nth_unstable(took.len() / 2);
    *median
}

fn note(pen: &mut Pen<'_>) {
    let (kind, at) = (EntryKind::Note, Timestamp::from_millis(1));
    let entry = NewEntry { kind, at, envelope: r#"{"type":"progress"}"#, payload: None };
    pen.append(&key(1), entry).expect("written");
}
