//! Where a server is, and how it is connected to.

use std::{fmt, io, net::SocketAddr, path::PathBuf, time::Duration};

use hyper::header::HeaderValue;
use mainspring_types::{Code, ExposeSecret, Problem, SecretString};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

use super::socket::Reach;

/// A server on this machine answers a connect at once; this is for one whose queue is full.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) enum Address {
    Socket(PathBuf),
    Tcp { address: SocketAddr, key: SecretString },
}

/// A byte stream of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Address {
    pub(super) async fn connect(&self) -> Result<Box<dyn Stream>, Problem> {
        tokio::time::timeout(CONNECT_WITHIN, self.open())
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| self.unreachable(&error))
    }

    async fn open(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Socket(socket) => {
                let reach = Reach::to(socket)?;
                Ok(Box::new(UnixStream::connect(reach.path()).await?))
            }
            Self::Tcp { address, .. } => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }

    /// What stands in the `Host` header.
    pub(super) fn host(&self) -> String {
        match self {
            Self::Socket(_) => "localhost".to_owned(),
            Self::Tcp { address, .. } => address.to_string(),
        }
    }

    /// What stands in the `Authorization` header.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, Problem> {
        let Self::Tcp { key, .. } = self else { return Ok(None) };
        let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose_secret())).map_err(|_| {
            Problem::new(Code::Unauthorized, "the key has characters that no key of ours has")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// That no answer came, and why.
    pub(super) fn unreachable(&self, error: &dyn std::error::Error) -> Problem {
        Problem::new(Code::Unreachable, format!("no answer from the server at `{self}`"))
            .because(error)
            .suggest(
                "start one with `mainspring serve`, or see `mainspring doctor` for who owns the data folder",
            )
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(socket) => socket.display().fmt(f),
            Self::Tcp { address, .. } => address.fmt(f),
        }
    }
}
