//! The client against servers that follow a script: each answers one request a connection, and hangs up.

use std::{path::Path, time::Duration};

use futures_util::{Stream, StreamExt};
use mainspring_api::{
    client::{Client, Live, socket::Reach},
    event::{DeltaKind, EventView},
    gate::{Action, AnswerGate, GateState, ListGates},
    run::CreateRun,
    session::{AddMessage, ListSessions},
};
use mainspring_types::{Code, GateId, Problem, RunId, SessionId};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixListener},
    task::JoinHandle,
};

const RUN: RunId = RunId::from_u128(7);

/// A server at `socket` that gives these answers; ends with what it was asked.
fn script<const N: usize>(socket: &Path, answers: [String; N]) -> JoinHandle<Vec<String>> {
    let reach = Reach::to(socket).expect("the folder is there");
    let listener = UnixListener::bind(reach.path()).expect("binds");
    tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.expect("reads");
            asked
                .push(String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned());
            stream.write_all(answer.as_bytes()).await.expect("writes");
        }
        asked
    })
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn stream(frames: &[(u64, &str)]) -> String {
    let frame = |(seq, kind): &(u64, &str)| {
        format!(
            "id: {seq}\nevent: {kind}\ndata: {{\"seq\":{seq},\"at\":\"2025-11-21T04:40:00.000Z\",\"type\":\"{kind}\"}}\n\n: quiet\n\n"
        )
    };
    let frames: String = frames.iter().map(frame).collect();
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{frames}")
}

fn run_view(status: &str) -> String {
    let body = format!(
        r#"{{"run_id":"{RUN}","status":"{status}","agent":"a","version":"v","execution_time":0.5,
        "attempts":1,"usage":{{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,
        "cache_creation_tokens":0,"total_tokens":0}},"created_at":"2025-11-21T04:40:00.000Z","steps":[],"last_seq":2}}"#
    );
    answer("200 OK", &body)
}

async fn seqs(events: impl Stream<Item = Result<EventView, Problem>>) -> Vec<u64> {
    events.map(|event| event.expect("an entry").seq).collect().await
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let health = answer("200 OK", r#"{"status":"ok","version":"0.1.0"}"#);
    let server = script(&socket, [health.clone(), health]);
    let client = Client::unix(&socket);
    for _ in 0..2 {
        assert_eq!(client.health().await.expect("answers").status, "ok");
    }
    assert_eq!(server.await.expect("ends"), ["GET /health HTTP/1.1"; 2]);
}

#[tokio::test]
async fn a_socket_path_longer_than_the_kernel_takes_is_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("d".repeat(100)).join("e".repeat(100));
    std::fs::create_dir_all(&deep).expect("folders");
    let socket = deep.join("control.sock");
    let server = script(&socket, [answer("200 OK", r#"{"status":"ok","version":"1"}"#)]);
    assert_eq!(Client::unix(&socket).health().await.expect("answers").version, "1");
    server.await.expect("ends");
}

#[tokio::test]
async fn every_problem_of_a_refused_run_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let body = r#"{"type":"/docs/errors/E1102","title":"InvalidManifestError","status":400,"detail":"one",
        "code":"E1102","request_id":"r","others":[{"code":"E1101","type":"InvalidManifestError","message":"two"}]}"#;
    let server = script(&socket, [answer("400 Bad Request", body)]);
    let request = CreateRun { agent: "./a".into(), ..CreateRun::default() };
    let problems = Client::unix(&socket).create_run(&request, Some("k")).await.expect_err("refused");
    let texts: Vec<_> = problems.iter().map(|problem| (problem.code.as_str(), &*problem.message)).collect();
    assert_eq!(texts, [("E1102", "one"), ("E1101", "two")]);
    server.await.expect("ends");
}

#[tokio::test]
async fn following_goes_on_after_the_entry_seen_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let first = stream(&[(1, "run.created"), (2, "attempt.started")]);
    let server = script(&socket, [first, run_view("running"), stream(&[(3, "run.completed")])]);
    let followed = seqs(Client::unix(&socket).follow(RUN, 0, Duration::from_secs(5))).await;
    assert_eq!(followed, [1, 2, 3]);
    let asked = server.await.expect("ends");
    assert_eq!(asked[2], format!("GET /api/v1/runs/{RUN}/events?after=2 HTTP/1.1"));
}

#[tokio::test]
async fn following_a_run_that_has_nothing_more_to_say_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let server = script(&socket, [stream(&[]), run_view("completed")]);
    assert_eq!(seqs(Client::unix(&socket).follow(RUN, 2, Duration::ZERO)).await, Vec::<u64>::new());
    server.await.expect("ends");
}

#[tokio::test]
async fn a_live_stream_carries_what_is_just_being_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let delta = r#"{"step":"main","turn":1,"call":2,"kind":"thinking","text":"so"}"#;
    let frames = stream(&[(1, "run.created")]) + &format!("event: delta\ndata: {delta}\n\n");
    let server = script(&socket, [frames]);
    let live = Client::unix(&socket).events_live(RUN, 0).await.expect("a stream");
    let heard: Vec<Live> = live.map(|item| item.expect("readable")).collect().await;
    assert!(matches!(&heard[0], Live::Entry(event) if event.seq == 1));
    assert!(matches!(&heard[1], Live::Delta(delta) if delta.kind == DeltaKind::Thinking && delta.call == 2));
    let asked = server.await.expect("ends");
    assert_eq!(asked, [format!("GET /api/v1/runs/{RUN}/events?after=0&deltas=true HTTP/1.1")]);
}

#[tokio::test]
async fn a_gate_is_found_and_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let id = GateId::from_u128(9);
    let gate = |state: &str| {
        format!(
            r#"{{"gate_id":"{id}","run_id":"{RUN}","agent":"a","step":"main","kind":"approval","state":"{state}",
            "tool":"shell","arguments":{{"command":"ls"}},"opened_at":"2025-11-21T04:40:00.000Z","deadline":null}}"#
        )
    };
    let page = format!(r#"{{"items":[{}],"next_cursor":null}}"#, gate("open"));
    let close = |body: &str| answer("200 OK", body).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let server = script(&socket, [close(&page), close(&gate("approved"))]);
    let client = Client::unix(&socket);
    let open =
        client.list_gates(&ListGates { run: Some(RUN), ..ListGates::default() }).await.expect("a page");
    assert_eq!(open.items[0].gate_id, id);
    let approve = AnswerGate { action: Action::Approve, arguments: None, message: None, remember: true };
    assert_eq!(client.answer_gate(id, &approve).await.expect("answered").state, GateState::Approved);
    let asked = server.await.expect("ends");
    assert_eq!(asked[0], format!("GET /api/v1/gates?run={RUN} HTTP/1.1"));
    assert_eq!(asked[1], format!("POST /api/v1/gates/{id}/answer HTTP/1.1"));
}

#[tokio::test]
async fn something_is_said_in_a_session_and_its_turns_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let session = SessionId::from_u128(3);
    let close = |body: &str| answer("200 OK", body).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let added = close(&format!(r#"{{"run_id":"{RUN}","message_id":4}}"#));
    let turns = close(&format!(
        r#"{{"items":[{{"turn":1,"run_id":"{RUN}","at":"2025-11-21T04:40:00.000Z","text":"hi","messages":[]}}],
        "next_cursor":null}}"#
    ));
    let server = script(&socket, [added, turns]);
    let client = Client::unix(&socket);
    let message = AddMessage { text: "hello".to_owned(), images: Vec::new() };
    assert_eq!(client.message_session(session, &message).await.expect("heard").message_id, 4);
    let turns = client.turns(session, &ListSessions::default()).await.expect("a page");
    assert_eq!((turns.items[0].turn, turns.items[0].text.as_str()), (1, "hi"));
    let asked = server.await.expect("ends");
    assert_eq!(asked[0], format!("POST /api/v1/sessions/{session}/messages HTTP/1.1"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_out_of_reach() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let client = Client::tcp(address, "secret".into());
    let problem = client.health().await.expect_err("nobody listens");
    assert_eq!(problem.code, Code::Unreachable);
    assert_eq!(
        problem.message,
        format!("no answer from the server at `{address}`: Connection refused (os error 111)")
    );
    let mut entries = std::pin::pin!(client.follow(RUN, 0, Duration::ZERO));
    let lost = entries.next().await.expect("an end");
    assert_eq!(lost.expect_err("out of reach").code, Code::Unreachable);
}

#[tokio::test]
async fn another_program_on_the_port_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("control.sock");
    let server = script(&socket, [answer("502 Bad Gateway", "<html>")]);
    let problem = Client::unix(&socket).run(RUN).await.expect_err("not ours");
    assert_eq!(problem.message, "what answered, with status 502, does not speak this API");
    server.await.expect("ends");
}
