//! The provider as a client on a socket sees it.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use super::*;

const SOON: Duration = Duration::from_secs(10);

fn send(upstream: &Upstream, stream: bool, words: &str) -> TcpStream {
    let body =
        format!(r#"{{"model":"m","stream":{stream},"messages":[{{"role":"user","content":"{words}"}}]}}"#);
    let mut socket = TcpStream::connect(upstream.address).expect("it listens");
    socket.set_read_timeout(Some(SOON)).expect("a socket");
    write!(
        socket,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    socket
}

/// All that comes, and how it ends.
fn receive(mut socket: TcpStream) -> (String, io::Result<()>) {
    let mut bytes = Vec::new();
    let end = socket.read_to_end(&mut bytes).map(|_| ());
    (String::from_utf8(bytes).expect("text"), end)
}

fn outcomes(upstream: &Upstream, count: usize) -> Vec<Outcome> {
    let over = |entry: &Logged| entry.outcome != Outcome::Pending;
    let log = upstream.wait_until(SOON, |log| log.iter().filter(|entry| over(entry)).count() >= count);
    log.iter().map(|entry| entry.outcome).collect()
}

#[test]
fn an_answer_arrives_and_the_log_has_what_was_asked() {
    let upstream = Upstream::start("rules: [{name: hi, reply: {text: hello}}]");
    let (answer, end) = receive(send(&upstream, false, "you"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains(r#""content":"hello""#), "{answer}");
    end.expect("a clean end");
    assert_eq!(outcomes(&upstream, 1), [Outcome::Sent]);
    let log = upstream.log();
    assert_eq!(log[0].header("authorization"), Some("Bearer key"));
    assert_eq!(log[0].json()["messages"][0]["content"], "you");
    assert_eq!((upstream.calls(), log[0].rule.as_deref()), (1, Some("hi")));
}

#[test]
fn a_disconnect_is_a_reset_after_what_came_before_it() {
    let upstream =
        Upstream::start("rules: [{reply: {chunks: [one, two], fault: {kind: disconnect, after_chunks: 1}}}]");
    let (answer, end) = receive(send(&upstream, true, "x"));
    assert!(answer.contains(r#""content":"one""#) && !answer.contains("two"), "{answer}");
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    assert_eq!(outcomes(&upstream, 1), [Outcome::Reset]);
}

#[test]
fn a_refusal_shows_nothing_of_an_answer() {
    let upstream = Upstream::start("rules: [{reply: {text: x, fault: {kind: refuse}}}]");
    let (answer, end) = receive(send(&upstream, false, "x"));
    assert_eq!((answer.as_str(), end.expect_err("a reset").kind()), ("", ErrorKind::ConnectionReset));
}

#[test]
fn a_hang_lasts_until_the_client_leaves() {
    let upstream = Upstream::start("rules: [{reply: {text: x, fault: {kind: hang}}}]");
    let mut socket = send(&upstream, true, "x");
    let mut part = [0; 64];
    socket.read_exact(&mut part).expect("the beginning comes");
    assert_eq!(upstream.log()[0].outcome, Outcome::Pending);
    drop(socket);
    assert_eq!(outcomes(&upstream, 1), [Outcome::ClientDisconnected]);
}

#[test]
fn a_client_that_leaves_before_the_answer_is_logged_as_such() {
    let upstream = Upstream::start("rules: [{reply: {text: x, delay_ms: 600000}}]");
    let socket = send(&upstream, false, "x");
    upstream.wait_until(SOON, |log| log.len() == 1);
    drop(socket);
    assert_eq!(outcomes(&upstream, 1), [Outcome::ClientDisconnected]);
}

#[test]
fn a_truncated_stream_ends_cleanly() {
    let upstream = Upstream::start("rules: [{reply: {text: x, fault: {kind: truncate}}}]");
    let (answer, end) = receive(send(&upstream, true, "x"));
    end.expect("a clean end");
    assert!(answer.ends_with("\r\n0\r\n\r\n") && !answer.contains("[DONE]"), "{answer}");
    assert_eq!(outcomes(&upstream, 1), [Outcome::Sent]);
}

#[test]
fn a_large_answer_is_sent_when_its_last_byte_is() {
    let upstream = Upstream::start("rules: [{reply: {text: 0123456789abcdef, repeat: 2000000}}]");
    drop(send(&upstream, false, "leave"));
    let (answer, end) = receive(send(&upstream, false, "stay"));
    end.expect("a clean end");
    assert!(answer.len() > 32_000_000);
    assert_eq!(outcomes(&upstream, 2), [Outcome::ClientDisconnected, Outcome::Sent]);
}

#[test]
fn a_reset_begins_the_script_anew_and_another_can_be_loaded() {
    let upstream = Upstream::start("rules: [{reply: {text: once}, times: 1}]");
    let status = |words| receive(send(&upstream, false, words)).0[9..12].to_owned();
    assert_eq!([status("a"), status("b")], ["200", "400"]);
    upstream.reset();
    assert_eq!((upstream.calls(), status("c")), (0, "200".to_owned()));
    upstream.load("on_no_match: echo");
    assert_eq!((status("d"), upstream.calls()), ("200".to_owned(), 2));
}

#[test]
fn it_stops_with_its_value() {
    let upstream = Upstream::start("rules: [{reply: {text: x, fault: {kind: hang}}}]");
    let (address, socket) = (upstream.address, send(&upstream, true, "x"));
    upstream.wait_until(SOON, |log| log.len() == 1);
    let began = Instant::now();
    drop(upstream);
    assert!(began.elapsed() < SOON);
    assert!(TcpStream::connect(address).is_err());
    drop(socket);
}

#[test]
#[should_panic(
    expected = "script:2:1: read the script `script`: `rule` is no key here; did you mean `rules`?"
)]
fn a_wrong_script_fails_the_test_with_its_place() {
    Upstream::start("models: []\nrule: []");
}
