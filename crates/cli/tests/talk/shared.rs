//! What a sub-agent spends counts against its parent's budget, also after a death of the server.

use std::fs;

use mainspring_api::client::Client;
use mainspring_types::RunId;

use crate::{
    harness::wait_until,
    scene::{Scene, begin, entry, field, ledger, talk},
};

const MODEL: &str = "
version: 1
rules:
  - match: {last_user: Delegate, step: 0}
    reply: {tool_calls: [{name: task, arguments: {agent: hand, prompt: Work.}}], usage: {input_tokens: 100, output_tokens: 10}}
  - match: {last_user: Work, step: 0}
    reply: {tool_calls: [{name: look, arguments: {}}], usage: {input_tokens: 5000, output_tokens: 10}}
  - match: {last_role: tool}
    reply: {text: Done., usage: {input_tokens: 100, output_tokens: 10}}
";

const DEFINITION: &str = "
toolsets: [task]
model_options: {max_output_tokens: 2000}
budget: {tokens: 5150}
tools: [{name: look, description: Looks., run: [./program], effect: pure}]
agents:
  hand: {description: Works., instructions: You work., tools: [look]}
";

/// Waits in the workspace until it may go on.
const PROGRAM: &str = r#"#!/bin/sh
echo begun >> "$MAINSPRING_WORKSPACE/ledger"
until [ -e "$MAINSPRING_WORKSPACE/go" ]; do sleep 0.02; done
printf looked
"#;

#[tokio::test]
async fn a_server_that_died_forgets_nothing_of_what_sub_agents_spent() {
    let scene = Scene::new(MODEL);
    let agent = scene.agent("parent", DEFINITION, PROGRAM);
    let workspace = scene.workspace("1");
    let server = scene.serve();
    let client = scene.stage.client();
    let run = begin(&client, &talk(&agent, "Delegate.", &workspace)).await;
    let child = entry(&client, run, |entry| entry.kind == "child.started").await;
    let child = field(&child, "run_id").parse().expect("an id");
    wait_until("the tool to work", || !ledger(&workspace).is_empty());
    server.kill9();
    let _server = scene.serve();
    fs::write(workspace.join("go"), "").expect("writes");
    assert_eq!(held_for(&scene.stage.client(), child).await, "budget");
}

/// What the run comes to wait for while its calls are held open; nothing when it ends before.
async fn held_for(client: &Client, run: RunId) -> String {
    loop {
        let view = client.run(run).await.expect("known");
        match view.waiting {
            Some(waiting) if waiting.reason == "budget" => return waiting.reason,
            _ if view.status.is_ended() => return String::new(),
            // No entry of the journal tells of a call that is held.
            _ => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}
