//! Servers that misbehave before they are asked for anything.

use std::time::Instant;

use crate::fixture::{LONG, SHORT, Stage, failed, told};

async fn refusal(mode: &str) -> String {
    let stage = Stage::hostile(mode);
    told(&stage.list().await.expect_err("no tools"))
}

#[tokio::test]
async fn a_server_that_does_not_start_is_explained() {
    assert_eq!(
        refusal("die-start").await,
        "E2020 MCP server `s` ended with exit code 1 while it was started; \
         run its command by hand in the workspace to see why\nstandard error:\nno configuration was found for [hidden]"
    );
    assert_eq!(
        refusal("refuse").await,
        "E2020 MCP server `s` answered with error -32000 while it was started: no licence was found; \
         see whether a newer version of the server is out"
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let stage = Stage::stdio(vec!["no-such-server".into()], LONG);
    assert_eq!(
        told(&stage.list().await.expect_err("no tools")),
        "E2020 MCP server `s` was not started: program `no-such-server` was not found in \
         `/usr/local/bin:/usr/bin:/bin`; install it, or give its full path"
    );
    let message = failed(stage.call("echo", serde_json::json!({})).await);
    assert!(message.starts_with("MCP server `s` was not started"), "{message}");
}

#[tokio::test]
async fn a_server_that_hangs_at_the_start_ends_in_its_time() {
    let started = Instant::now();
    assert_eq!(
        refusal("hang-start").await,
        "E2021 MCP server `s` did not answer within 2 s while it was started; \
         raise `timeout` of the server, or see what it waits for"
    );
    assert!(started.elapsed() < SHORT * 3);
}

#[tokio::test]
async fn a_program_that_speaks_something_else_is_quoted() {
    let stage = Stage::stdio(vec!["sh".into(), "-c".into(), "echo Usage: server PORT; exit 2".into()], LONG);
    assert_eq!(
        told(&stage.list().await.expect_err("no tools")),
        "E2020 MCP server `s` ended with exit code 2 while it was started; run its command by hand in the workspace \
         to see why\nwrote, in place of a message: Usage: server PORT"
    );
}

#[tokio::test]
async fn some_noise_is_forgiven() {
    for mode in ["banner", "binary"] {
        let stage = Stage::hostile(mode);
        stage.assert_well().await;
        assert_eq!(stage.starts(), 1);
    }
}

#[tokio::test]
async fn a_server_of_the_newest_revision_is_met_on_its_own_terms() {
    let stage = Stage::hostile("modern");
    stage.assert_well().await;
    assert_eq!(stage.starts(), 2);
}
