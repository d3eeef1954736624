//! A server of echoing routes, and raw requests to it.

use axum::{
    Extension, Router,
    routing::{get, post},
};
use mainspring_api::run::{CancelRun, CreateRun, ListRuns};
use mainspring_types::ExposeSecret;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    caller::Caller,
    data::{Folder, Owned},
    http::{
        Listener,
        body::{Document, Optional},
        probes,
        read::{Following, IdempotencyKey, Listing, Run},
        serve,
    },
};

pub(super) struct Server {
    pub(super) address: String,
    pub(super) owned: Owned,
    pub(super) stop: CancellationToken,
    pub(super) serving: Vec<JoinHandle<()>>,
    _root: tempfile::TempDir,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Server {
    pub(super) async fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let owned = Folder::at(root.path()).and_then(|folder| folder.own("test")).expect("free");
        let tcp = Listener::tcp("127.0.0.1:0".parse().expect("an address")).await.expect("binds");
        let address = tcp.address().expect("an address").to_string();
        let stop = CancellationToken::new();
        let listeners = [tcp, Listener::Socket(owned.control().expect("binds"))];
        let serving = listeners
            .map(|listener| tokio::spawn(serve(echoes(), owned.key().clone(), listener, stop.clone())));
        Self { address, owned, stop, serving: serving.into(), _root: root }
    }

    pub(super) fn key(&self) -> &str {
        self.owned.key().secret().expose_secret()
    }

    /// Asks over TCP with the key; `headers` are whole lines.
    pub(super) async fn ask(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let (host, key) =
            (format!("host: {}", self.address), format!("authorization: Bearer {}", self.key()));
        let headers = [&[&*host, &*key], headers].concat();
        self.raw(line, &headers, body).await
    }

    /// Asks over TCP with these headers alone.
    pub(super) async fn raw(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        exchange(TcpStream::connect(&self.address).await.expect("connects"), line, headers, body).await
    }

    /// Asks over the control socket.
    pub(super) async fn at_socket(&self, line: &str) -> Answer {
        let socket = self.owned.folder().control_socket();
        exchange(UnixStream::connect(socket).await.expect("connects"), line, &["host: localhost"], "").await
    }
}

async fn exchange(
    mut wire: impl AsyncRead + AsyncWrite + Unpin,
    line: &str,
    headers: &[&str],
    body: &str,
) -> Answer {
    let (headers, length) = (headers.join("\r\n"), body.len());
    let request = format!(
        "{line} HTTP/1.1\r\n{headers}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    wire.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    wire.read_to_string(&mut answer).await.expect("reads");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

impl Answer {
    /// Status, code and message of a problem body.
    pub(super) fn problem(&self) -> (u16, String, String) {
        let body: Value = serde_json::from_str(&self.body).expect("a problem body");
        assert_eq!(body["status"], self.status);
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        assert!(self.head.contains(&format!("x-request-id: {}", text("request_id"))), "{}", self.head);
        (self.status, text("code"), text("detail"))
    }
}

fn echoes() -> Router {
    Router::new()
        .route("/health", get(probes::health))
        .route(
            "/runs",
            post(create).get(|Listing(list): Listing<ListRuns>| async move { format!("{list:?}") }),
        )
        .route("/runs/{run}/cancel", post(cancel))
        .route(
            "/events",
            get(|Following { after, deltas }: Following| async move { format!("{after} {deltas:?}") }),
        )
        .route("/caller", get(|Extension(caller): Extension<Caller>| async move { format!("{caller:?}") }))
        .route("/broken", get(broken))
}

async fn create(IdempotencyKey(key): IdempotencyKey, Document(run): Document<CreateRun>) -> String {
    format!("{} {key:?}", run.agent)
}

async fn cancel(Run(run): Run, Optional(cancel): Optional<CancelRun>) -> String {
    format!("{run} {:?}", cancel.level)
}

async fn broken() -> &'static str {
    panic!("on purpose")
}
