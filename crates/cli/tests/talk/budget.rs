//! What a sub-agent spends counts against the budget of the run that started it, also after a death of the server.

use std::{fs, time::Duration};

use mainspring_api::client::Client;
use mainspring_types::RunId;
use tokio::time::{sleep, timeout};

use crate::{
    harness::{PATIENCE, wait_until},
    scene::{Scene, begin, entry, field, ledger, talk},
};

const MODEL: &str = "
version: 1
rules:
  - match: {last_user: Delegate, step: 0}
    reply:
      tool_calls: [{name: task, arguments: {agent: hand, prompt: Work.}}]
      usage: {input_tokens: 100, output_tokens: 10}
  - match: {last_user: Work, step: 0}
    reply: {tool_calls: [{name: look, arguments: {}}], usage: {input_tokens: 5000, output_tokens: 10}}
  - match: {last_role: tool}
    reply: {text: Done., usage: {input_tokens: 100, output_tokens: 10}}
";

const DEFINITION: &str = "
toolsets: [task]
budget: {tokens: 5150}
tools: [{name: look, description: Looks., run: [./program], effect: pure}]
agents:
  hand: {description: Works., instructions: You work., tools: [look]}
";

/// A server with a parent, and the run of its sub-agent.
async fn delegated(definition: &str, program: &str) -> (Scene, crate::harness::Server, RunId) {
    let scene = Scene::new(MODEL);
    let agent = scene.agent("parent", definition, program);
    let workspace = scene.workspace("1");
    let server = scene.serve();
    let client = scene.stage.client();
    let run = begin(&client, &talk(&agent, "Delegate.", &workspace)).await;
    let child = entry(&client, run, |entry| entry.kind == "child.started").await;
    (scene, server, field(&child, "run_id").parse().expect("an id"))
}

#[tokio::test]
async fn a_sub_agent_waits_when_the_budget_of_its_parent_is_used() {
    let (scene, _server, child) = delegated(DEFINITION, "#!/bin/sh\nprintf looked\n").await;
    let client = scene.stage.client();
    entry(&client, child, |entry| entry.kind == "tool.committed").await;
    // Its own is not limited, and the rest of its parent's is less than its next call may need.
    let told = held_for(&client, child).await;
    assert!(told.contains("5150 tokens, leaves less than"), "{told}");
}

/// Waits in the workspace until it may go on.
const WAITING: &str = r#"#!/bin/sh
echo begun >> "$MAINSPRING_WORKSPACE/ledger"
until [ -e "$MAINSPRING_WORKSPACE/go" ]; do sleep 0.02; done
printf looked
"#;

#[tokio::test]
async fn a_server_that_died_forgets_nothing_of_what_sub_agents_spent() {
    let definition = format!("{DEFINITION}model_options: {{max_output_tokens: 2000}}\n");
    let (scene, server, child) = delegated(&definition, WAITING).await;
    let workspace = scene.workspace("1");
    wait_until("the tool to work", || !ledger(&workspace).is_empty());
    server.kill9();
    let _server = scene.serve();
    fs::write(workspace.join("go"), "").expect("writes");
    held_for(&scene.stage.client(), child).await;
}

/// What is said of the run once its calls are held open for a budget.
async fn held_for(client: &Client, run: RunId) -> String {
    let held = timeout(PATIENCE, async {
        loop {
            let view = client.run(run).await.expect("known");
            assert!(!view.status.is_ended(), "it ended: {view:#?}");
            if let Some(waiting) = view.waiting.filter(|waiting| waiting.reason == "budget") {
                return waiting.detail;
            }
            // No entry of the journal tells of a call that is held.
            sleep(Duration::from_millis(20)).await;
        }
    });
    held.await.expect("it waits")
}
