//! The connections: reads requests and asks the script what to send.

use std::{
    collections::VecDeque,
    net::TcpListener,
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    header::HeaderValue,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use mainspring_scripted::{Api, Ending, Reply, Wanted};
use mainspring_types::Timestamp;
use tokio::{net::TcpStream, runtime, sync::oneshot, task::JoinSet};

use super::{
    Logged, Outcome, Shared,
    exchange::{Broken, Exchange, pause},
};

/// Serves until `stopped` is dropped or sent; then every connection is closed.
pub(super) fn until(stopped: oneshot::Receiver<()>, listener: TcpListener, shared: &Arc<Shared>) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::select! {
            () = accept(listener, shared) => {}
            _ = stopped => {}
        }
    });
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    listener.set_nonblocking(true).expect("a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listening socket");
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(connection(socket, Arc::clone(shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(socket: TcpStream, shared: Arc<Shared>) {
    // A frame that waits for the next one to fill its packet would not be the slow drip that the script wants.
    let _ = socket.set_nodelay(true);
    let Ok(handle) = socket.as_fd().try_clone_to_owned() else { return };
    let handle = Arc::new(handle);
    let service = service_fn(|request| answer(request, Arc::clone(&shared), Arc::clone(&handle)));
    // An error is a client that left, or a reset that the script wants: the log has it.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    socket: Arc<OwnedFd>,
) -> Result<Response<impl Body<Data = Bytes, Error = Broken>>, Broken> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let entry = Logged {
        number: 0,
        at: Timestamp::now(),
        api: Api::of(&path),
        method: head.method.to_string(),
        path,
        headers: headers.collect(),
        body,
        rule: None,
        status: None,
        outcome: Outcome::Pending,
    };
    let reply = decide(&entry, &shared);
    let exchange = Exchange::begin(entry, &reply, shared, socket);
    send(reply, exchange).await
}

fn decide(entry: &Logged, shared: &Shared) -> Reply {
    let headers: Vec<_> = entry.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let wanted = Wanted {
        method: &entry.method,
        path: &entry.path,
        headers: &headers,
        body: &entry.body,
        now: shared.time.unwrap_or(entry.at),
    };
    let model = shared.model();
    model.script.answer(&model.state, &wanted)
}

/// Sends the head with the first piece, and the others as they are due.
async fn send(
    reply: Reply,
    mut exchange: Exchange,
) -> Result<Response<impl Body<Data = Bytes, Error = Broken>>, Broken> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    if let ([whole], Ending::Clean) = (reply.pieces.as_slice(), reply.ending) {
        response = response.header("content-length", whole.bytes.len());
    }
    let mut pieces: VecDeque<_> = reply.pieces.into();
    match pieces.front_mut() {
        Some(first) => pause(std::mem::take(&mut first.wait)).await,
        None => exchange.end(reply.ending).await?,
    }
    let body = StreamBody::new(exchange.body(pieces, reply.ending));
    Ok(response.body(body).expect("the script was checked"))
}
