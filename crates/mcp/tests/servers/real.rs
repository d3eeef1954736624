//! The servers of the protocol's owners, over both transports.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use mainspring_mcp::Outcome;
use mainspring_testkit::{mcp_servers, or_skip, processes::assert_none_left};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{LONG, Stage, unknown};

fn everything(test: &str) -> Option<Stage> {
    let mut command = or_skip(test, mcp_servers::everything())?;
    command.push("stdio".into());
    Some(Stage::stdio(command, LONG))
}

async fn assert_works(stage: &Stage) {
    let listing = stage.list().await.expect("tools");
    let sum = listing.tools.iter().find(|tool| tool.name == "s__get-sum").expect("a tool");
    assert_eq!(sum.parameters["required"], json!(["a", "b"]));
    assert!(listing.tools.len() > 8 && listing.left_out.is_empty(), "{:?}", listing.left_out);
    assert_eq!(stage.text("echo", json!({"message": "hello"})).await, "Echo: hello");
    assert_eq!(stage.text("s__get-sum", json!({"a": 2, "b": 3})).await, "The sum of 2 and 3 is 5.");
    let Outcome::Returned { text, error: true } = stage.call("get-sum", json!({"a": "two"})).await else {
        panic!("no error")
    };
    assert!(text.contains("Invalid arguments"), "{text}");
    let weather = stage.text("get-structured-content", json!({"location": "New York"})).await;
    assert!(weather.contains("temperature"), "{weather}");
}

/// Cancels an operation of a minute, which returns at once and leaves the server in order.
async fn assert_cancels(stage: &Stage) {
    let (cancel, arguments) = (CancellationToken::new(), json!({"duration": 60, "steps": 600}));
    let waiting = stage.call_within("trigger-long-running-operation", arguments, LONG, &cancel);
    let (outcome, ()) = tokio::join!(waiting, async {
        // Nothing tells from outside that it has begun; if it has not, this test shows less.
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    });
    assert!(unknown(outcome).contains("was told to stop"));
    assert_eq!(stage.text("echo", json!({"message": "still there"})).await, "Echo: still there");
}

#[tokio::test]
async fn everything_over_stdio() {
    let Some(stage) = everything("everything_over_stdio") else { return };
    assert_works(&stage).await;
    assert_cancels(&stage).await;
    let marker = stage.marker();
    stage.servers.close().await;
    assert_none_left(&marker, Duration::ZERO);
}

#[tokio::test]
async fn a_server_sees_no_secret_of_ours() {
    let Some(stage) = everything("a_server_sees_no_secret_of_ours") else { return };
    let seen: serde_json::Value =
        serde_json::from_str(&stage.text("get-env", json!({})).await).expect("JSON");
    let names: Vec<_> = seen.as_object().expect("variables").keys().collect();
    assert_eq!(names, ["HOME", "KEY", "PATH"], "cargo's variables are ours");
}

#[tokio::test]
async fn everything_over_http() {
    let Some(command) = or_skip("everything_over_http", mcp_servers::everything()) else { return };
    let server = HttpServer::start(&command);
    let stage = Stage::http(&server.url, LONG);
    assert_works(&stage).await;
    assert_cancels(&stage).await;
    stage.servers.close().await;
}

#[tokio::test]
async fn files_are_those_of_the_workspace() {
    let Some(mut command) = or_skip("files_are_those_of_the_workspace", mcp_servers::filesystem()) else {
        return;
    };
    command.push("WORKSPACE".into());
    let stage = Stage::stdio(command, LONG);
    let inside = stage.workspace.path().join("note.txt");
    stage.text("write_file", json!({"path": inside, "content": "hello"})).await;
    assert_eq!(fs::read_to_string(&inside).expect("a file"), "hello");
    assert_eq!(stage.text("read_text_file", json!({"path": inside})).await, "hello");
    for path in ["/etc/hostname", "../../etc/hostname"] {
        let outcome = stage.call("read_text_file", json!({"path": path})).await;
        let Outcome::Returned { text, error: true } = outcome else { panic!("{outcome:?}") };
        assert!(text.contains("Access denied"), "{text}");
    }
}

/// A server that ends with this value.
struct HttpServer {
    process: Child,
    url: String,
}

impl HttpServer {
    /// Starts it where nobody listens, and waits until it does.
    fn start(command: &[String]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let mut process = Command::new(&command[0])
            .args(&command[1..])
            .arg("streamableHttp")
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        lines
            .find(|line| line.as_ref().is_ok_and(|line| line.contains("listening")))
            .expect("it listens")
            .expect("text");
        // It logs on, and must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url: format!("http://127.0.0.1:{port}/mcp") }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
