//! Connections: opened when needed, kept for the next call, never used for two calls at once.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use mainspring_types::{Code, Problem};

use super::address::Address;
use crate::IDEMPOTENCY_KEY;

/// Accepting a run may read a large agent folder first; nothing takes longer.
const ANSWER_WITHIN: Duration = Duration::from_mins(2);

/// More callers at once than this open a connection each time.
const IDLE_MAX: usize = 16;

type Wire = SendRequest<Full<Bytes>>;

/// One request, as the caller of the API sees it.
#[derive(Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) body: Bytes,
    /// The idempotency key.
    pub(super) key: Option<&'a str>,
}

/// An answer, read to its end.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// The connections to one server.
#[derive(Debug)]
pub(super) struct Wires {
    pub(super) address: Address,
    idle: Mutex<Vec<Wire>>,
}

impl Wires {
    pub(super) const fn new(address: Address) -> Self {
        Self { address, idle: Mutex::new(Vec::new()) }
    }

    /// Asks, and reads the answer to its end.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Reply, Problem> {
        let asked = async {
            let (response, wire) = self.send(&ask).await?;
            let status = response.status();
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| self.address.unreachable(&error))?.to_bytes();
            self.keep(wire);
            Ok(Reply { status, body })
        };
        let late = |late| Err(self.address.unreachable(&late));
        tokio::time::timeout(ANSWER_WITHIN, asked).await.unwrap_or_else(late)
    }

    /// Sends, and hands out the answer with its connection, which is free again once the body was read.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<(Response<Incoming>, Wire), Problem> {
        let mut request = self.request(ask)?;
        loop {
            let (mut wire, kept) = match self.kept().await {
                Some(wire) => (wire, true),
                None => (self.connect().await?, false),
            };
            match wire.try_send_request(request).await {
                Ok(response) => return Ok((response, wire)),
                // The server closed the kept connection before anything of this request left.
                Err(mut error) if kept && error.message().is_some() => {
                    request = error.take_message().expect("it is there");
                }
                // Reading twice does no harm, and a kept connection often fails when the server was started again.
                Err(_) if kept && ask.method == Method::GET => request = self.request(ask)?,
                Err(error) => return Err(self.address.unreachable(error.error())),
            }
        }
    }

    fn request(&self, ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, Problem> {
        let mut request =
            Request::builder().method(&ask.method).uri(ask.path).header(HOST, self.address.host());
        if let Some(authorization) = self.address.authorization()? {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(key) = ask.key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if !ask.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request
            .header(ACCEPT, "application/json, application/problem+json, text/event-stream")
            .body(Full::new(ask.body.clone()))
            .map_err(|error| Problem::new(Code::BadRequest, "the request cannot be written").because(&error))
    }

    async fn connect(&self) -> Result<Wire, Problem> {
        let stream = self.address.connect().await?;
        let (wire, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| self.address.unreachable(&error))?;
        // Whoever waits for an answer on the connection learns of its end; nobody else has to.
        tokio::spawn(async move { drop(connection.await) });
        Ok(wire)
    }

    /// A kept connection that still stands.
    async fn kept(&self) -> Option<Wire> {
        loop {
            let mut wire = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if wire.ready().await.is_ok() {
                return Some(wire);
            }
        }
    }

    fn keep(&self, wire: Wire) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(wire);
        }
    }
}
