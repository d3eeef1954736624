//! The connections: reads requests, sends what the script answers, and breaks off as it says.

use std::{
    convert::Infallible,
    fmt, future,
    net::TcpListener,
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use mainspring_scripted::{Api, Ending, Piece, Reply, Wanted};
use mainspring_types::Timestamp;
use rustix::net::sockopt::set_socket_linger;
use tokio::{
    net::TcpStream,
    runtime,
    sync::oneshot,
    task::{JoinSet, yield_now},
    time::sleep,
};

use super::{Logged, Outcome, Shared};

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

/// Why hyper is to drop a connection.
#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script ends the connection")
    }
}

impl std::error::Error for Broken {}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    socket: Arc<OwnedFd>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Broken>>, Broken> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
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
        now: entry.at,
    };
    let model = shared.model();
    model.script.answer(&model.state, &wanted)
}

/// Sends the head with the first piece, and the others as they are due.
async fn send(
    reply: Reply,
    mut exchange: Exchange,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Broken>>, Broken> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    if let ([whole], Ending::Clean) = (reply.pieces.as_slice(), reply.ending) {
        response = response.header("content-length", whole.bytes.len());
    }
    let mut pieces = reply.pieces.into_iter();
    let first = pieces.next();
    match &first {
        Some(first) => pause(first.wait).await,
        None => exchange.end(reply.ending).await?,
    }
    let first = first.map(|first| Piece { wait: Duration::ZERO, ..first });
    let pieces = first.into_iter().chain(pieces);
    Ok(response.body(StreamBody::new(body(pieces, reply.ending, exchange))).expect("the script was checked"))
}

fn body(
    pieces: impl Iterator<Item = Piece>,
    ending: Ending,
    exchange: Exchange,
) -> impl Stream<Item = Result<Frame<Bytes>, Broken>> {
    stream::unfold(Some((pieces, exchange)), move |rest| async move {
        let (mut pieces, mut exchange) = rest?;
        if let Some(piece) = pieces.next() {
            pause(piece.wait).await;
            return Some((Ok(Frame::data(piece.bytes)), Some((pieces, exchange))));
        }
        exchange.end(ending).await.err().map(|broken| (Err(broken), None))
    })
}

async fn pause(wait: Duration) {
    if !wait.is_zero() {
        sleep(wait).await;
    }
}

/// A request whose answer is on its way. Dropped before its end, it is one whose client left.
struct Exchange {
    shared: Arc<Shared>,
    socket: Arc<OwnedFd>,
    number: usize,
    outcome: Outcome,
}

impl Exchange {
    fn begin(mut entry: Logged, reply: &Reply, shared: Arc<Shared>, socket: Arc<OwnedFd>) -> Self {
        entry.rule.clone_from(&reply.rule);
        entry.status = Some(reply.status);
        let number = shared.log.enter(entry);
        Self { shared, socket, number, outcome: Outcome::ClientDisconnected }
    }

    /// Ends the answer in its way: an error if the connection is to be reset, and never if it is to hang.
    async fn end(&mut self, ending: Ending) -> Result<(), Broken> {
        match ending {
            Ending::Clean => {
                self.outcome = Outcome::Sent;
                Ok(())
            }
            Ending::Reset => {
                // What was sent so far is still in a buffer, and is written out when there is nothing else to do.
                yield_now().await;
                self.outcome = Outcome::Reset;
                // Without time to linger, closing a socket resets its connection.
                let _ = set_socket_linger(self.socket.as_fd(), Some(Duration::ZERO));
                Err(Broken)
            }
            Ending::Hang => match future::pending::<Infallible>().await {},
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.log.change(self.number, |entry| entry.outcome = self.outcome);
    }
}
