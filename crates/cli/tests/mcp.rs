//! Agents with MCP servers: the real binary, a scripted model, and servers that are programs or are spoken to over HTTP.
//!
//! What came at the model tells which tools it was offered; the processes that are left tell that no server outlives
//! its run.

#[path = "harness/mod.rs"]
mod harness;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use mainspring_api::{
    client::Client,
    run::{CreateRun, RunView},
};
use mainspring_testkit::{
    mcp_servers::everything, or_skip, processes::assert_none_left, upstream::Logged, upstream::Upstream,
};
use mainspring_types::RunId;
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server, Stage, ended, events, request};

/// Asks for two tools at once and tells what the second said.
const ADDS: &str = r#"
version: 1
rules:
  - match: {step: 0}
    reply:
      tool_calls:
        - {name: every__echo, arguments: {message: hello}}
        - {name: every__get-sum, arguments: {a: 2, b: 3}}
  - match: {last_role: tool}
    reply: {text: "${last_tool_result}"}
"#;

/// Asks for a tool, takes its time and tells what the tool said.
const WAITS: &str = r#"
version: 1
rules:
  - match: {step: 0}
    reply: {tool_calls: [{name: own__first, arguments: {}}]}
  - match: {last_role: tool}
    reply: {text: "${last_tool_result}", delay_ms: 500}
"#;

/// A server with the tool that the file `tool` of the stage names.
const SERVER: &str = r#"#!/usr/bin/env python3
import json, os, sys

tool = open(os.environ["STAGE"] + "/tool").read()

def answer(method, params):
    if method == "initialize":
        version = params["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "own", "version": "1"}}
    if method == "tools/list":
        return {"tools": [{"name": tool, "description": "Tells its name.", "inputSchema": {"type": "object"}}]}
    return {"content": [{"type": "text", "text": "this is " + params["name"]}]}

for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        result = answer(message["method"], message.get("params", {}))
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

/// An agent with MCP servers, and its model.
struct Scene {
    stage: Stage,
    model: Upstream,
    agent: PathBuf,
}

impl Scene {
    fn new(model: &str, servers: &Value) -> Self {
        let stage = Stage::new();
        let terms = "model: openai/model\ninstructions: You call tools.\n";
        let agent = stage.agent("caller", &format!("{terms}mcp_servers: {servers}\n"), SERVER);
        Self { model: Upstream::start(model), agent: agent.join("agent.yaml"), stage }
    }

    fn serve(&self) -> Server {
        let base = self.model.base_url();
        self.stage.serve_with(&[("OPENAI_API_KEY", "sk-of-the-provider"), ("OPENAI_BASE_URL", &base)])
    }

    async fn begin(&self, client: &Client) -> RunId {
        let request = CreateRun { input: Some("Go".into()), ..request(&self.agent) };
        client.create_run(&request, None).await.expect("accepted").run_id
    }
}

/// What the run came to, as text.
fn said(run: &RunView) -> &str {
    run.result.as_ref().and_then(Value::as_str).unwrap_or_default()
}

/// The tools that a request offered the model.
fn offered(request: &Logged) -> Vec<String> {
    let tools = request.json()["tools"].as_array().cloned().unwrap_or_default();
    tools.iter().filter_map(|tool| Some(tool["function"]["name"].as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn a_server_that_is_a_program_is_called_and_ends_with_the_run() {
    let Some(mut command) = or_skip("mcp::program", everything()) else { return };
    command.push("stdio".into());
    let scene = Scene::new(ADDS, &json!({"every": {"command": command}}));
    let server = scene.serve();
    let client = scene.stage.client();
    let run = scene.begin(&client).await;
    assert_eq!(said(&ended(&client, run).await), "The sum of 2 and 3 is 5.");
    assert!(offered(&scene.model.log()[0]).contains(&"every__get-sum".to_owned()));
    let called = events(&client, run).await.iter().filter(|entry| entry.kind == "tool.committed").count();
    assert_eq!(called, 2);
    server.terminate();
    scene.stage.assert_nothing_left();
}

#[tokio::test]
async fn a_server_that_speaks_http_is_called() {
    let Some(command) = or_skip("mcp::http", everything()) else { return };
    let other = HttpServer::start(&command);
    let scene = Scene::new(ADDS, &json!({"every": {"url": other.url}}));
    let _server = scene.serve();
    let client = scene.stage.client();
    let run = scene.begin(&client).await;
    assert_eq!(said(&ended(&client, run).await), "The sum of 2 and 3 is 5.");
}

#[tokio::test]
async fn after_a_crash_the_model_is_offered_the_tools_it_had() {
    let scene = Scene::new(WAITS, &json!({"own": {"command": ["./program"]}}));
    let offers = |tool: &str| fs::write(scene.stage.path("tool"), tool).expect("writes");
    offers("first");
    let server = scene.serve();
    let client = scene.stage.client();
    let run = scene.begin(&client).await;
    scene.model.wait_until(PATIENCE, |log| log.len() == 2);
    server.kill9();
    assert_none_left(scene.stage.marker(), Duration::from_secs(5));
    offers("second");
    let _server = scene.serve();
    assert_eq!(said(&ended(&client, run).await), "this is first");
    let log = scene.model.log();
    let tools: Vec<_> = log.iter().map(offered).collect();
    // The first answer came from the journal, which knows it by the bytes of the request; the second was not there yet.
    assert_eq!(tools, [["own__first"]; 3]);
    assert_eq!(log[1].body, log[2].body);
    let next = scene.begin(&client).await;
    ended(&client, next).await;
    assert_eq!(offered(&scene.model.log()[3]), ["own__second"]);
}

/// A server on a port of loopback, which ends with this value.
struct HttpServer {
    process: Child,
    url: String,
}

impl HttpServer {
    /// Starts it where nobody listens, and waits until it does.
    fn start(command: &[String]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let mut process = Command::new(Path::new(&command[0]))
            .args(&command[1..])
            .arg("streamableHttp")
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        let heard = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("listening")));
        heard.expect("it listens").expect("text");
        // It logs on, and must find a reader.
        thread::spawn(move || lines.for_each(drop));
        Self { process, url: format!("http://127.0.0.1:{port}/mcp") }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
