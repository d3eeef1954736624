//! Servers that misbehave over HTTP.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{LONG, SHORT, Stage, failed, tests, told, unknown};

/// A server that ends with this value.
struct Hostile {
    process: Child,
    stage: Stage,
}

impl Hostile {
    fn start(mode: &str) -> Self {
        let script = tests().join("hostile_http.py");
        let mut command = Command::new("python3");
        let mut process = command.arg(script).arg(mode).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut port = String::new();
        let stdout = process.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut port).expect("its port");
        let patience = if mode == "hang" { SHORT } else { LONG };
        Self { process, stage: Stage::http(&format!("http://127.0.0.1:{}/mcp", port.trim()), patience) }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn refusal(mode: &str) -> String {
    let server = Hostile::start(mode);
    told(&server.stage.list().await.expect_err("no tools"))
}

async fn doubt(mode: &str) -> String {
    let server = Hostile::start(mode);
    let timeout = if mode == "hang-call" { SHORT } else { LONG };
    unknown(server.stage.call_within("echo", json!({}), timeout, &CancellationToken::new()).await)
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    assert_eq!(
        refusal("redirect").await,
        "E2020 MCP server `s` redirects to `http://169.254.169.254/latest/meta-data`; \
         redirects are not followed: give the final address as its `url`"
    );
}

#[tokio::test]
async fn a_server_that_wants_a_key_is_explained() {
    assert_eq!(
        refusal("locked").await,
        "E2020 MCP server `s` refused with HTTP status 401 while it was started: not [hidden]; \
         give what it asks for among its `headers`, such as `Authorization`"
    );
}

#[tokio::test]
async fn what_is_no_server_is_explained() {
    assert_eq!(
        refusal("page").await,
        "E2020 MCP server `s` answered with nonsense while it was started: content of type `text/html`; \
         see whether a newer version of the server is out"
    );
    assert_eq!(
        refusal("hang-up").await,
        "E2020 MCP server `s` hung up while it was started; see what the server logs"
    );
    assert_eq!(
        refusal("hang").await,
        "E2021 MCP server `s` did not answer within 2 s while it was started; \
         raise `timeout` of the server, or see what it waits for"
    );
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_explained() {
    let stage = Stage::http("http://127.0.0.1:1/mcp", LONG);
    let message = failed(stage.call("echo", json!({})).await);
    assert!(message.starts_with("MCP server `s` cannot be reached: "), "{message}");
    assert!(message.ends_with("; start the server, or mend its `url`"), "{message}");
}

#[tokio::test]
async fn a_lost_session_is_made_anew_once() {
    let server = Hostile::start("lost");
    assert_eq!(server.stage.text("echo", json!({})).await, "session-2");
}

#[tokio::test]
async fn a_call_that_hangs_ends_in_its_time() {
    assert_eq!(
        doubt("hang-call").await,
        "MCP server `s` did not answer within 2 s in a call of `echo`; \
         raise `timeout` of the server, or see what it waits for"
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_leaves_the_call_unknown() {
    assert_eq!(doubt("cut").await, "MCP server `s` hung up in a call of `echo`; see what the server logs");
}

#[tokio::test]
async fn what_is_too_much_ends_the_connection_and_not_us() {
    let much =
        "MCP server `s` sent a message of more than 16 MiB in a call of `echo`; ask it for less at once";
    assert_eq!(doubt("endless-stream").await, much);
    assert_eq!(doubt("endless-body").await, much);
    assert_eq!(
        doubt("notify").await,
        "MCP server `s` sent more than 50,000 messages that nobody asked for in a call of `echo`; \
         see what the server reports without end"
    );
}

#[tokio::test]
async fn a_refused_call_was_never_made_and_a_failed_one_may_have_been() {
    let server = Hostile::start("busy");
    assert_eq!(
        failed(server.stage.call("echo", json!({})).await),
        "MCP server `s` refused with HTTP status 429 in a call of `echo`: not now; \
         check its `url`, and what the server logs"
    );
    assert!(doubt("elsewhere").await.contains("redirects to `/done`"));
    assert!(doubt("failing").await.contains("HTTP status 500 in a call of `echo`: out of order"));
}
