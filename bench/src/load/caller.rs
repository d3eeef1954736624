//! One caller on one connection.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    EVENTS, Heard,
    talk::{Said, Talk},
};

/// What every chat is asked at.
const PATH: &str = "/v1/chat/completions";

/// The header in which the product says whether an answer is from its journal.
const REPLAYED: &str = "x-mainspring-replayed";

/// A caller on its connection.
pub(crate) struct Caller {
    connection: SendRequest<Full<Bytes>>,
    /// What it shows in place of a key, by turns.
    keys: Vec<String>,
    calls: usize,
}

impl Caller {
    /// Connects to the server at `url`.
    pub(crate) async fn connect(url: &str, tokens: Vec<String>) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).await.expect("connects");
        stream.set_nodelay(true).expect("a socket");
        let (connection, work) = http1::handshake(TokioIo::new(stream)).await.expect("speaks HTTP");
        tokio::spawn(work);
        let keys = tokens.into_iter().map(|token| format!("Bearer {token}")).collect();
        Self { connection, keys, calls: 0 }
    }

    /// Asks one thing after the other until it is time.
    pub(super) async fn talk_until(mut self, talk: Talk, until: Instant) -> Vec<Heard> {
        let (mut said, mut heard) = (Said::nothing(talk), Vec::new());
        while Instant::now() < until {
            heard.push(self.call(said.next(), talk).await);
        }
        heard
    }

    /// Asks so many questions of one call each.
    pub(crate) async fn ask(&mut self, questions: usize) {
        let mut said = Said::nothing(Talk::Questions);
        for _ in 0..questions {
            self.call(said.next(), Talk::Questions).await;
        }
    }

    /// Sends a request as it is, and reads the answer to its end.
    pub(crate) async fn put(&mut self, body: Bytes) {
        let answer = self.send(0, body, "0").await;
        let (_, size, _) = read(answer.into_body(), Instant::now()).await;
        assert!(size > 0, "an answer is whole");
    }

    async fn call(&mut self, body: String, talk: Talk) -> Heard {
        let began = Instant::now();
        // In conversations a run has one after the other; otherwise runs take turns.
        let key = if let Talk::Conversations { turns } = talk { self.calls / turns } else { self.calls };
        self.calls += 1;
        let answer = self.send(key, body.into(), "0").await;
        let (first, size, events) = read(answer.into_body(), began).await;
        assert!(size > 0 && (talk != Talk::Streams || events > EVENTS), "an answer is whole");
        Heard { first, whole: began.elapsed(), events }
    }

    /// Asks for a stream and, once it has all of it, for the same again as one that lost it would; says whether that
    /// came from the journal, the same to the byte.
    pub(crate) async fn resumes(&mut self) -> bool {
        let body: Bytes = Said::nothing(Talk::Streams).next().into();
        let first = self.send(0, body.clone(), "0").await.into_body().collect().await.expect("an answer");
        let again = self.send(0, body, "1").await;
        let replayed = again.headers().get(REPLAYED).is_some_and(|replayed| replayed == "true");
        let again = again.into_body().collect().await.expect("an answer");
        replayed && first.to_bytes() == again.to_bytes()
    }

    async fn send(&mut self, key: usize, body: Bytes, retry: &'static str) -> Response<Incoming> {
        let request = Request::post(PATH)
            .header(header::HOST, "127.0.0.1")
            .header(header::AUTHORIZATION, &self.keys[key % self.keys.len()])
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-stainless-retry-count", retry)
            .body(Full::new(body))
            .expect("a request");
        self.connection.ready().await.expect("the connection lasts");
        let answer = self.connection.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "a call is answered");
        answer
    }
}

/// Reads a body to its end: when its first bytes came, how many there were, and how many events they are.
async fn read(mut body: Incoming, began: Instant) -> (Duration, usize, usize) {
    let (mut first, mut size, mut events, mut last) = (None, 0, 0, b' ');
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.expect("the answer goes on").into_data() else { continue };
        first.get_or_insert_with(|| began.elapsed());
        size += bytes.len();
        for byte in &bytes {
            events += usize::from(*byte == b'\n' && last == b'\n');
            last = *byte;
        }
    }
    (first.unwrap_or_default(), size, events)
}
