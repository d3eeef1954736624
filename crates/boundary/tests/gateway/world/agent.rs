//! An agent: a plain HTTP client with the attempt's token for a key, and a connection of its own for each call.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinHandle};

/// One attempt that may call out.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(super) address: String,
    pub(super) token: String,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// An answer to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the connection broke before the end.
    pub(crate) broken: bool,
}

/// An answer that is being heard. Dropped, the agent hangs up.
pub(crate) struct Answering {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    connection: JoinHandle<()>,
}

/// What a user says, as a Chat request.
pub(crate) fn chat(text: &str) -> Value {
    json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": text }] })
}

/// A conversation of a user with a model, the user first, as a Chat request.
pub(crate) fn talk(turns: &[&str]) -> Value {
    let roles = ["user", "assistant"].iter().cycle();
    let messages: Vec<Value> =
        roles.zip(turns).map(|(role, text)| json!({ "role": role, "content": text })).collect();
    json!({ "model": "gpt-4o-mini", "messages": messages })
}

impl Agent {
    /// The same agent with one more header in each request.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut agent = self.clone();
        agent.headers.push((name, value.to_owned()));
        agent
    }

    /// Asks for a whole answer to what a user says.
    pub(crate) async fn chat(&self, text: &str) -> Answer {
        self.post("/v1/chat/completions", &chat(text)).await
    }

    /// Asks for a stream, and takes it to its end.
    pub(crate) async fn stream(&self, text: &str) -> Answer {
        self.hear(text).await.whole().await
    }

    /// Asks for a stream.
    pub(crate) async fn hear(&self, text: &str) -> Answering {
        let mut body = chat(text);
        body["stream"] = json!(true);
        self.send("/v1/chat/completions", &body).await
    }

    /// Asks for a whole answer at the end of a conversation.
    pub(crate) async fn talk(&self, turns: &[&str]) -> Answer {
        self.post("/v1/chat/completions", &talk(turns)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(path, body).await.whole().await
    }

    pub(crate) async fn send(&self, path: &str, body: &Value) -> Answering {
        self.try_send(path, body).await.expect("an answer begins")
    }

    /// The same; `None` when the gateway is killed.
    pub(crate) async fn try_send(&self, path: &str, body: &Value) -> Option<Answering> {
        let socket = TcpStream::connect(&self.address).await.ok()?;
        let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(socket)).await.ok()?;
        let connection = tokio::spawn(async move {
            // An answer that breaks off breaks the connection too.
            let _ = connection.await;
        });
        let hang_up = HangUp(Some(connection));
        let mut request = Request::post(path)
            .header("host", "gateway")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body.to_string().into())).expect("a request");
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        let connection = hang_up.stay();
        Some(Answering { status: head.status.as_u16(), headers: head.headers, body, connection })
    }
}

/// Ends a connection unless it is told to stay: a request that is given up is a client that hangs up.
struct HangUp(Option<JoinHandle<()>>);

impl HangUp {
    fn stay(mut self) -> JoinHandle<()> {
        self.0.take().expect("it is taken once")
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.abort();
        }
    }
}

impl Answering {
    /// The next piece; `None` at the end, an error where it breaks off.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(bytes) = frame?.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// Hears on until the text was heard.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let mut heard = Vec::new();
        while !String::from_utf8_lossy(&heard).contains(text) {
            heard.extend(self.next().await.expect("not broken").expect("not at its end"));
        }
        String::from_utf8(heard).expect("text")
    }

    pub(crate) async fn whole(mut self) -> Answer {
        let mut body = Vec::new();
        let broken = loop {
            match self.next().await {
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        Answer { status: self.status, headers: self.headers.clone(), body: body.into(), broken }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What the model said in a Chat answer, streamed or whole.
    pub(crate) fn said(&self) -> String {
        let whole = self.json();
        if let Some(text) = whole["choices"][0]["message"]["content"].as_str() {
            return text.to_owned();
        }
        let frames = self.text().lines().filter_map(|line| line.strip_prefix("data: "));
        let read = |frame: &str| serde_json::from_str::<Value>(frame).unwrap_or_default();
        let deltas = frames.map(read).map(|frame| frame["choices"][0]["delta"]["content"].clone());
        deltas.filter_map(|delta| delta.as_str().map(str::to_owned)).collect()
    }

    /// The header's text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.header("x-mainspring-replayed") == "true"
    }
}
