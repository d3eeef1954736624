//! Listening and connections: HTTP/1.1 over TCP or the control socket, ended gracefully.
//!
//! ```text
//!  accepting --stop--> draining --all closed, or GRACE is over--> ended
//! ```

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use mainspring_types::{Code, Problem};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{either::Either, sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::guard::Door;
use crate::data::AdminKey;

/// How long answers under way may take once the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// How long a peer may take to send the head of a request, or its next request.
const HEAD_WITHIN: Duration = Duration::from_mins(1);

/// More connections than this wait to be accepted; each costs a file handle that agents and the store need too.
const CONNECTIONS_MAX: usize = 512;

/// Long enough for handles to become free, short enough to go unnoticed.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

type Wire = Either<TcpStream, UnixStream>;

/// Where requests come from.
#[derive(Debug)]
pub enum Listener {
    /// TCP; every request proves itself by the key.
    Tcp(TcpListener),
    /// The control socket; the peer proves itself by its user id.
    Socket(UnixListener),
}

impl Listener {
    /// Listens at `address`.
    pub async fn tcp(address: SocketAddr) -> Result<Self, Problem> {
        if !address.ip().to_canonical().is_loopback() {
            tracing::warn!(%address, "listening beyond this machine: traffic is not encrypted, and paths are refused");
        }
        let refused = |error: io::Error| {
            let suggestion = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    "another program has the port: choose one with `--listen 127.0.0.1:PORT`"
                }
                _ => "choose an address of this machine with `--listen ADDRESS:PORT`",
            };
            Problem::new(Code::InvalidConfiguration, format!("listen at `{address}`"))
                .because(&error)
                .suggest(suggestion)
        };
        TcpListener::bind(address).await.map(Self::Tcp).map_err(refused)
    }

    /// The address that is listened at, with the port the system chose; `None` for the control socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Socket(_) => None,
        }
    }

    async fn accept(&self) -> io::Result<(Wire, Door)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let door = Door::Tcp { bound: listener.local_addr()?, local: stream.local_addr()? };
                Ok((Either::Left(stream), door))
            }
            Self::Socket(listener) => {
                let (stream, _) = listener.accept().await?;
                let door = Door::Socket { peer: stream.peer_cred()?.uid() };
                Ok((Either::Right(stream), door))
            }
        }
    }
}

/// Serves `routes` behind the guard until `stop` is cancelled and every answer under way is sent, or given up.
pub async fn serve(routes: Router, key: AdminKey, listener: Listener, stop: CancellationToken) {
    let routes = super::guarded(routes, key);
    let (connections, cut) = (TaskTracker::new(), CancellationToken::new());
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let seat = Arc::clone(&seats).acquire_owned();
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = async { (seat.await, listener.accept().await) } => accepted,
        };
        match accepted {
            (seat, Ok((wire, door))) => {
                let spoken = speak(wire, door, routes.clone(), stop.clone(), cut.clone());
                connections.spawn(async move {
                    spoken.await;
                    drop(seat);
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "answers under way were cut off");
    }
    cut.cancel();
    connections.wait().await;
}

/// Speaks HTTP on one connection until either end has had enough.
async fn speak(wire: Wire, door: Door, routes: Router, stop: CancellationToken, cut: CancellationToken) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(door);
        routes.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let mut connection = pin!(http.serve_connection(TokioIo::new(wire), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = cut.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
