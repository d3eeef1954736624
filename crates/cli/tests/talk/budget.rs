//! What a sub-agent spends counts against the budget of the run that started it.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{
    harness::PATIENCE,
    scene::{Scene, begin, entry, field, talk},
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

const PROGRAM: &str = "#!/bin/sh\nprintf looked\n";

#[tokio::test]
async fn a_sub_agent_waits_when_the_budget_of_its_parent_is_used() {
    let scene = Scene::new(MODEL);
    let agent = scene.agent("parent", DEFINITION, PROGRAM);
    let workspace = scene.workspace("1");
    let _server = scene.serve();
    let client = scene.stage.client();
    let run = begin(&client, &talk(&agent, "Delegate.", &workspace)).await;
    let child = entry(&client, run, |entry| entry.kind == "child.started").await;
    let child = field(&child, "run_id").parse().expect("an id");
    entry(&client, child, |entry| entry.kind == "tool.committed").await;
    // Its own is not limited, and the rest of its parent's is less than its next call may need.
    let told = timeout(PATIENCE, async {
        loop {
            let waiting = client.run(child).await.expect("known").waiting;
            if let Some(waiting) = waiting.filter(|waiting| waiting.reason == "budget") {
                return waiting.detail;
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    let told = told.await.expect("it waits");
    assert!(told.contains("5150 tokens, leaves less than"), "{told}");
}
