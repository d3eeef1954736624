//! A worker that leaves: what it can finish it does, and the rest is as open as if it had been killed.

use crate::{
    calls::{LONG, shells},
    stage::Stage,
};

#[tokio::test]
async fn short_calls_end_and_long_ones_are_left_to_the_next_attempt() {
    let attempt = Stage::new(&shells(&["touch short; sleep 0.3; echo in time", LONG])).start();
    attempt.file("short").await;
    attempt.file("begun").await;
    attempt.leave();
    let told = attempt.over().await;
    assert_eq!(told.ends(), [(111, "in time".into())]);
    assert_eq!((told.end(), told.concluded.len()), ("aborted".into(), 0));
}

#[tokio::test]
async fn a_worker_leaves_though_nobody_listens() {
    let attempt = Stage::new("  - reply: {text: never}").faults(usize::MAX).start();
    attempt.leave();
    assert_eq!(attempt.over().await.end(), "no report");
}
