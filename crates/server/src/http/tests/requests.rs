//! What is wrong with a request, in the words its sender reads.

use mainspring_types::RunId;

use super::server::Server;
use crate::http::body::BODY_MAX;

const JSON: &str = "content-type: application/json; charset=utf-8";

#[tokio::test]
async fn bodies_that_cannot_be_read_say_why() {
    let server = Server::start().await;
    let cases = [
        ("content-type: text/plain", "{}", 415, "the body is of type `text/plain`, not JSON"),
        (JSON, "{\"agent\": ", 400, "the body is not JSON: EOF while parsing a value at line 1 column 10"),
        (JSON, "{\"agent\":\"a\"} x", 400, "the body is not JSON: trailing characters at line 1 column 15"),
        (JSON, "", 400, "the request has no body"),
        (JSON, "{}", 400, "the body: missing field `agent` at line 1 column 2"),
        (JSON, "{\"agent\":\"a\",\"metod\":\"m\"}", 400, "the body has no field `metod`"),
        (
            JSON,
            "{\"agent\":\"a\",\"timeout\":3}",
            400,
            "the body, at `timeout`: invalid type: integer `3`, expected a string at line 1 column 24",
        ),
    ];
    for (kind, body, status, message) in cases {
        let answer = server.ask("POST /runs", &[kind], body).await;
        assert_eq!(answer.problem(), (status, "E1505".to_owned(), message.to_owned()));
    }
    let answer = server.ask("POST /runs", &[JSON], "{\"agent\":\"a\",\"metod\":\"m\"}").await;
    assert!(answer.body.contains("did you mean `method`?"), "{}", answer.body);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
    let server = Server::start().await;
    let sized = |size: usize| format!("{{\"agent\":\"{}\"}}", "a".repeat(size - "{\"agent\":\"\"}".len()));
    assert_eq!(server.ask("POST /runs", &[JSON], &sized(BODY_MAX)).await.status, 200);
    let answer = server.ask("POST /runs", &[JSON], &sized(BODY_MAX + 1)).await;
    assert_eq!(answer.problem(), (413, "E1505".into(), "the body is larger than 8 MiB".into()));
}

#[tokio::test]
async fn an_empty_cancel_stops_and_an_unknown_level_is_refused() {
    let server = Server::start().await;
    let run = RunId::from_u128(7);
    let line = format!("POST /runs/{run}/cancel");
    assert_eq!(server.ask(&line, &[], "").await.body, format!("{run} Stop"));
    assert_eq!(server.ask(&line, &[JSON], r#"{"level":"kill"}"#).await.body, format!("{run} Kill"));
    let answer = server.ask(&line, &[JSON], r#"{"level":"kil"}"#).await;
    assert_eq!(answer.problem().2, "the body, at `level`: `kil` is not one of the known words");
    assert!(answer.body.contains("did you mean `kill`?"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_no_run_id_is_told_what_one_looks_like() {
    let server = Server::start().await;
    let answer = server.ask("POST /runs/latest/cancel", &[], "").await;
    let message = "`latest` is not a run id; one looks like run_01k9zq3v8e6m2x4t5w7y9abcde";
    assert_eq!(answer.problem(), (400, "E1505".into(), message.into()));
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_visible() {
    let server = Server::start().await;
    let body = r#"{"agent":"a"}"#;
    assert_eq!(server.ask("POST /runs", &[JSON, "idempotency-key: k-1"], body).await.body, "a Some(\"k-1\")");
    let long = format!("idempotency-key: {}", "k".repeat(256));
    for keys in [vec![&*long], vec!["idempotency-key: a b"], vec!["idempotency-key: a", "idempotency-key: b"]]
    {
        let answer = server.ask("POST /runs", &[&[JSON], &*keys].concat(), body).await;
        assert_eq!(answer.problem().0, 400);
    }
}

#[tokio::test]
async fn queries_are_checked() {
    let server = Server::start().await;
    let cases = [
        ("limit=0", "the query, at `limit`: `0` is not between 1 and 200"),
        ("limit=201", "the query, at `limit`: `201` is not between 1 and 200"),
        ("limit=many", "the query, at `limit`: invalid digit found in string"),
        ("stauts=failed", "the query has no field `stauts`"),
    ];
    for (query, message) in cases {
        let answer = server.ask(&format!("GET /runs?{query}"), &[], "").await;
        assert_eq!(answer.problem(), (400, "E1505".to_owned(), message.to_owned()));
    }
    assert_eq!(server.ask("GET /runs?limit=200&status=failed", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_stream_begins_after_the_later_of_query_and_header() {
    let server = Server::start().await;
    for (query, header, after) in [
        ("", "x-no: id", "0 Omitted"),
        ("?after=5", "last-event-id: 9", "9 Omitted"),
        ("?after=5&deltas=true", "last-event-id: 3", "5 Merged"),
    ] {
        assert_eq!(server.ask(&format!("GET /events{query}"), &[header], "").await.body, after);
    }
    assert_eq!(server.ask("GET /events", &["last-event-id: x"], "").await.status, 400);
    assert_eq!(server.ask("GET /events?after=-1", &[], "").await.status, 400);
    assert_eq!(server.ask("GET /events?deltas=some", &[], "").await.status, 400);
}
