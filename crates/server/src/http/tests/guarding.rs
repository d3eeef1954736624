//! Who passes, and what every answer carries.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::server::Server;

#[tokio::test]
async fn only_the_key_opens() {
    let server = Server::start().await;
    let host = format!("host: {}", server.address);
    let cases = [
        ("x-no: key".to_owned(), "the request carries no key"),
        (
            format!("authorization: Bearer x{}", server.key()),
            "the request's key is not the key of this server",
        ),
        (
            format!("authorization: Basic {}", server.key()),
            "the request's `Authorization` is not of the form `Bearer KEY`",
        ),
    ];
    for (header, message) in cases {
        let answer = server.raw("GET /caller", &[&host, &header], "").await;
        assert_eq!(answer.problem(), (401, "E1501".to_owned(), message.to_owned()));
        assert!(answer.head.contains("www-authenticate: Bearer"), "{}", answer.head);
    }
    assert_eq!(server.ask("GET /caller", &[], "").await.status, 200);
}

#[tokio::test]
async fn health_asks_for_no_key_and_all_else_does() {
    let server = Server::start().await;
    let host = format!("host: {}", server.address);
    let healthy = server.raw("GET /health", &[&host], "").await;
    assert_eq!((healthy.status, &*healthy.body), (200, r#"{"status":"ok","version":"0.1.0"}"#));
    assert_eq!(server.raw("GET /nowhere", &[&host], "").await.status, 401);
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_even_with_the_key() {
    let server = Server::start().await;
    let port = server.address.rsplit(':').next().expect("a port");
    let (own, key) = (format!("host: {}", server.address), format!("authorization: Bearer {}", server.key()));
    let rebound = format!("host: evil.example:{port}");
    let foreign = |what: &str, value: &str| {
        (403, "E1502".to_owned(), format!("the {what} `{value}` is not this server"))
    };
    for line in ["GET /caller", "GET /health"] {
        let answer = server.raw(line, &[&rebound, &key], "").await;
        assert_eq!(answer.problem(), foreign("host", &format!("evil.example:{port}")));
        for origin in ["https://evil.example", "null", &format!("http://localhost:1{port}")] {
            let answer = server.raw(line, &[&own, &key, &format!("origin: {origin}")], "").await;
            assert_eq!(answer.problem(), foreign("origin", origin));
        }
    }
    let answer = server.raw("GET http://evil.example/caller", &[&own, &key], "").await;
    assert_eq!(answer.problem(), foreign("host", "evil.example"));
    let own_origin = format!("origin: http://localhost:{port}");
    assert_eq!(server.ask("GET /caller", &[&own_origin], "").await.status, 200);
}

#[tokio::test]
async fn at_the_control_socket_the_user_stands_for_the_key() {
    let server = Server::start().await;
    let (socket, tcp) = (server.at_socket("GET /caller").await, server.ask("GET /caller", &[], "").await);
    assert_eq!(socket.body, r#"Caller { tenant: default, name: "admin", paths: Taken }"#);
    assert_eq!(tcp.body, socket.body);
}

#[tokio::test]
async fn unknown_pages_and_methods_are_problems_too() {
    let server = Server::start().await;
    let nowhere = server.ask("GET /api/v2/runs", &[], "").await;
    assert_eq!(nowhere.problem(), (404, "E1503".into(), "there is no page `/api/v2/runs`".into()));
    let deleted = server.ask("DELETE /runs", &[], "").await;
    assert_eq!(deleted.problem(), (405, "E1505".into(), "`/runs` does not take DELETE".into()));
    assert!(deleted.head.to_lowercase().contains("allow: "), "{}", deleted.head);
}

#[tokio::test]
async fn a_panic_is_answered_and_the_server_goes_on() {
    let server = Server::start().await;
    let (status, code, _) = server.ask("GET /broken", &[], "").await.problem();
    assert_eq!((status, &*code), (500, "E1509"));
    assert_eq!(server.ask("GET /caller", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_plain_request_id_is_kept_and_another_replaced() {
    let server = Server::start().await;
    let kept = server.ask("GET /nowhere", &["x-request-id: trace-7.a_B"], "").await;
    assert!(kept.head.contains("x-request-id: trace-7.a_B\r\n"), "{}", kept.head);
    let replaced = server.ask("GET /nowhere", &["x-request-id: a b"], "").await;
    replaced.problem();
    assert!(!replaced.body.contains("a b"), "{}", replaced.body);
}

#[tokio::test]
async fn stopping_closes_connections_that_are_kept_open() {
    let mut server = Server::start().await;
    let mut idle = TcpStream::connect(&server.address).await.expect("connects");
    let request = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    idle.write_all(request.as_bytes()).await.expect("writes");
    assert_ne!(idle.read(&mut [0; 1024]).await.expect("an answer"), 0);
    server.stop.cancel();
    for serving in server.serving.drain(..) {
        tokio::time::timeout(Duration::from_secs(2), serving).await.expect("ends soon").expect("ends well");
    }
    assert_eq!(idle.read(&mut [0; 1024]).await.expect("the end"), 0);
}
