//! The live stream: entries, and between them what is just being said.

use futures_util::StreamExt;
use mainspring_api::{
    client::Live,
    run::{CancelRun, Level, RunStatus},
};

use crate::site::Site;

#[tokio::test]
async fn what_is_said_is_told_before_the_entries_that_follow_it() {
    let site = Site::start().await;
    let run = site.create("speak").await;
    site.converse(run).await;
    site.until(run, RunStatus::Running).await;
    let live = site.client.events_live(run, 0).await.expect("a stream");
    let plain = site.client.events(run, 0).await.expect("a stream");
    let interrupt = CancelRun { level: Level::Interrupt, reason: None };
    site.client.cancel(run, &interrupt).await.expect("interrupted");
    let told: Vec<String> = live
        .map(|item| match item.expect("it is whole") {
            Live::Entry(entry) => entry.kind,
            Live::Delta(delta) => format!("{}: {}", delta.step, delta.text),
        })
        .collect()
        .await;
    let end = ["run.interrupted", "main: Hel", "main: lo", "attempt.ended", "run.completed"];
    assert_eq!(told[told.len() - end.len()..], end);
    assert_eq!(plain.count().await, told.len() - 2, "who does not ask for it hears none of it");
}
