//! Listening for agents: on TCP loopback and on a UNIX socket.

use std::{convert::Infallible, io, sync::Arc};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
};
use tokio_util::sync::CancellationToken;

use super::{Gateway, answer::answer};

/// How long is waited after a connection could not be taken.
const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_millis(50);

impl Gateway {
    /// Answers on a TCP socket until it is told to stop. Bind it to loopback: a token is all that is asked for.
    pub async fn serve_tcp(&self, listener: TcpListener, stop: CancellationToken) {
        let accept = || async {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        self.serve(accept, stop).await;
    }

    /// Answers on a UNIX socket until it is told to stop.
    pub async fn serve_unix(&self, listener: UnixListener, stop: CancellationToken) {
        self.serve(|| async { Ok(listener.accept().await?.0) }, stop).await;
    }

    async fn serve<S, F>(&self, accept: impl Fn() -> F, stop: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = io::Result<S>>,
    {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = accept() => accepted,
            };
            match accepted {
                Ok(stream) => {
                    let (gateway, stop) = (self.clone(), stop.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = gateway.speak(stream) => {}
                            () = stop.cancelled() => {}
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "an agent's connection was not taken");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        let service = service_fn(|request: Request<Incoming>| {
            let shared = Arc::clone(&self.shared);
            async move { Ok::<_, Infallible>(answer(shared, request).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new());
        if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%error, "an agent's connection broke");
        }
    }
}
