//! Servers that misbehave in a call.

use std::time::{Duration, Instant};

use mainspring_mcp::{Call, Outcome};
use mainspring_testkit::processes::assert_none_left;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{LONG, Stage, failed, unknown};

#[tokio::test]
async fn a_call_returns_and_its_key_arrives() {
    let stage = Stage::hostile("fine");
    stage.assert_well().await;
    assert_eq!(stage.text("s__echo", json!({})).await, r#"[{}, "key-1"]"#);
    assert_eq!(stage.starts(), 1);
    let marker = stage.marker();
    stage.servers.close().await;
    assert_none_left(&marker, Duration::ZERO);
}

#[tokio::test]
async fn dropping_the_servers_kills_their_programs() {
    let stage = Stage::hostile("fine");
    stage.assert_well().await;
    let (marker, workspace) = (stage.marker(), stage.workspace);
    drop(stage.servers);
    assert_none_left(&marker, Duration::from_secs(5));
    drop(workspace);
}

#[tokio::test]
async fn a_call_that_hangs_ends_in_its_time_and_the_server_is_started_anew() {
    let stage = Stage::hostile("fine");
    assert_eq!(
        unknown(stage.call("hang", json!({})).await),
        "MCP server `s` did not answer within 2 s in a call of `hang`; \
         raise `timeout` of the server, or see what it waits for"
    );
    stage.assert_well().await;
    assert_eq!(stage.starts(), 2);
}

#[tokio::test]
async fn a_server_that_dies_is_explained_by_its_last_words_and_started_anew() {
    let stage = Stage::hostile("fine");
    assert_eq!(
        unknown(stage.call("die", json!({})).await),
        "MCP server `s` ended with exit code 3 in a call of `die`; \
         run its command by hand in the workspace to see why\nstandard error:\nthe disk is on fire"
    );
    stage.assert_well().await;
}

#[tokio::test]
async fn a_server_that_dies_again_and_again_is_left_alone_for_a_minute() {
    let stage = Stage::hostile("fine");
    for _ in 0..4 {
        unknown(stage.call("die", json!({})).await);
    }
    assert_eq!(
        failed(stage.call("die", json!({})).await),
        "MCP server `s` was started four times within a minute; see what it complains of; it is tried again in a minute"
    );
    assert_eq!(stage.starts(), 4);
}

#[tokio::test]
async fn what_is_too_much_ends_the_connection_and_not_us() {
    let said = [
        ("line", "sent a message of more than 16 MiB"),
        ("large", "sent a message of more than 16 MiB"),
        ("crowded", "sent a message of more than 200,000 values"),
    ];
    let stage = Stage::hostile("fine");
    for (tool, what) in said {
        let message = unknown(stage.call(tool, json!({})).await);
        assert_eq!(message, format!("MCP server `s` {what} in a call of `{tool}`; ask it for less at once"));
    }
    stage.assert_well().await;
}

#[tokio::test]
async fn what_nobody_asked_for_is_borne_only_so_long() {
    let stage = Stage::hostile("fine");
    assert_eq!(
        unknown(stage.call("notify", json!({})).await),
        "MCP server `s` sent more than 50,000 messages that nobody asked for in a call of `notify`; \
         see what the server reports without end"
    );
    let message = unknown(stage.call("chatter", json!({})).await);
    assert_eq!(
        message,
        "MCP server `s` wrote more than 1,000 lines that are no JSON in a call of `chatter`; \
         its standard output is for messages: let it log to standard error\n\
         wrote, in place of a message: Traceback (most recent call last):"
    );
    stage.assert_well().await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_as_an_error() {
    let stage = Stage::hostile("fine");
    for (tool, said) in [("nonsense", r#"{"x":1}"#), ("text", r#""done""#)] {
        let Outcome::Returned { text, error: true } = stage.call(tool, json!({})).await else {
            panic!("`{tool}` is no error")
        };
        let expected = format!("the answer of MCP server `s` is no result of a tool. it said:\n{said}");
        assert!(text.ends_with(&expected), "{text}");
    }
    assert_eq!(stage.starts(), 1);
}

#[tokio::test]
async fn answers_go_to_who_asked_once() {
    let stage = Stage::hostile("fine");
    assert_eq!(stage.text("stranger", json!({})).await, "for you");
    assert_eq!(stage.text("twice", json!({})).await, "first");
    stage.assert_well().await;
}

#[tokio::test]
async fn a_server_that_asks_us_is_refused_politely() {
    let stage = Stage::hostile("fine");
    assert_eq!(stage.text("ask", json!({})).await, r#"[{}, -32601, -32601, {"action": "decline"}, -32601]"#);
}

#[tokio::test]
async fn a_server_that_closes_its_output_is_gone() {
    let stage = Stage::hostile("fine");
    let started = Instant::now();
    let message = unknown(stage.call("deaf", json!({})).await);
    assert!(message.starts_with("MCP server `s` hung up in a call of `deaf`"), "{message}");
    assert!(started.elapsed() < LONG / 2);
    stage.assert_well().await;
}

#[tokio::test]
async fn a_cancelled_call_returns_at_once_and_the_server_is_told() {
    let stage = Stage::hostile("fine");
    let cancel = CancellationToken::new();
    let (outcome, ()) = tokio::join!(stage.call_within("hang", json!({}), LONG, &cancel), async {
        stage.written("hanging").await;
        cancel.cancel();
    });
    assert_eq!(unknown(outcome), "MCP server `s` was told to stop in a call of `hang`");
    assert_eq!(stage.written("cancelled").await, "cancelled");
}

#[tokio::test]
async fn a_call_that_was_cancelled_before_is_never_sent() {
    let stage = Stage::hostile("fine");
    let cancel = CancellationToken::new();
    cancel.cancel();
    failed(stage.call_within("echo", json!({}), LONG, &cancel).await);
    assert_eq!(stage.starts(), 0);
}

#[tokio::test]
async fn closing_ends_the_calls_under_way() {
    let stage = Stage::hostile("fine");
    let never = CancellationToken::new();
    let (outcome, ()) = tokio::join!(stage.call_within("hang", json!({}), LONG, &never), async {
        stage.written("hanging").await;
        stage.servers.close().await;
        assert_none_left(&stage.marker(), Duration::ZERO);
    });
    assert!(unknown(outcome).contains("was ended by signal 9"));
}

#[tokio::test]
async fn calls_that_cannot_be_made_are_not_sent() {
    let stage = Stage::hostile("fine");
    let message = failed(stage.call("ecko", json!({})).await);
    assert!(
        message.starts_with("MCP server `s` has no tool `ecko` that is granted; there are: ask, chatter, "),
        "{message}"
    );
    assert_eq!(
        failed(stage.call("echo", json!([1])).await),
        "the arguments of `echo` are no JSON object; give an object with the tool's parameters"
    );
    let call = Call { tool: "echo", arguments: &json!({}), key: "k", timeout: LONG };
    let outcome = stage.servers.call("t", &call, &CancellationToken::new()).await;
    assert_eq!(failed(outcome), "there is no MCP server `t`; there are: s");
}

#[tokio::test]
async fn many_calls_at_once_share_a_server() {
    let stage = Stage::hostile("fine");
    let calls = (0..10).map(|number| stage.text("echo", json!({"n": number})));
    for (number, text) in futures_util::future::join_all(calls).await.into_iter().enumerate() {
        assert_eq!(text, format!(r#"[{{"n": {number}}}, "key-1"]"#));
    }
    assert_eq!(stage.starts(), 1);
}
