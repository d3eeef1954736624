//! What is heard of a model while it speaks, and what becomes of answers that break off.

use crate::stage::Stage;

#[tokio::test]
async fn words_are_heard_as_they_come() {
    let stage = Stage::new("  - reply: {text: 'one two three four five six', chunk_delay_ms: 40}");
    let attempt = stage.start();
    attempt.until(|told| told.heard().starts_with("one") && told.report.is_none()).await;
    let told = attempt.over().await;
    assert_eq!(told.heard(), "one two three four five six");
    assert_eq!(told.end(), "done: one two three four five six");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again_and_watchers_know() {
    let stage = Stage::new(
        "  - replies:\n    - {text: 'one two three', fault: {kind: disconnect, after_chunks: 2}, chunk_delay_ms: 40}\n    \
         - {text: 'one two three'}",
    );
    let told = stage.start().over().await;
    assert_eq!(told.heard(), "one two three[again]one two three");
    assert_eq!(told.end(), "done: one two three");
}

#[tokio::test]
async fn a_gateway_that_cannot_be_reached_is_told() {
    let mut stage = Stage::new("  - reply: {text: never}");
    // Nobody listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    stage.gateway = format!("http://{}", free.local_addr().expect("bound"));
    drop(free);
    let told = stage.start().over().await;
    assert!(told.end().contains("cannot be reached: Connection refused"), "{}", told.end());
}

#[tokio::test]
async fn a_token_that_no_longer_counts_ends_the_attempt_without_a_failure() {
    let stage = Stage::new("  - reply: {error: {status: 403, message: 'not any more', code: E1603}}");
    assert_eq!(stage.start().over().await.end(), "aborted");
}
