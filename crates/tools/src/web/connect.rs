//! From a target to a stream: resolve its name, check every address, and connect to one of those.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use hyper_rustls::{ConfigBuilderExt as _, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier, crypto::aws_lc_rs, pki_types::ServerName,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::{
    Rules, address,
    reach::literal,
    refusal::{Broken, Refusal},
    target::Target,
};

/// A name has several addresses; one that is silent must not use up the time of the others.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Who knows the addresses of a name, and which certificates are trusted.
pub(super) trait World: Sync {
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
    fn tls(&self) -> Arc<ClientConfig>;
}

/// The world as this machine sees it.
pub(super) struct Machine;

impl World for Machine {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }

    fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&TLS)
    }
}

/// The addresses of the target, each of which may be reached.
pub(super) async fn addresses(
    world: &impl World,
    target: &Target,
    rules: &Rules<'_>,
) -> Result<Vec<SocketAddr>, Broken> {
    let Target { host, port, .. } = target;
    let found = match literal(host) {
        Some(address) => vec![SocketAddr::new(address, *port)],
        None => world
            .resolve(host, *port)
            .await
            .map_err(|source| Broken::NoName { host: host.clone(), source })?,
    };
    for address in &found {
        if let Some(kind) = address::private(address.ip())
            && !rules.reach.admits(host, *address, kind)
        {
            return Err(Refusal::Private { host: host.clone(), address: address.ip(), kind }.into());
        }
    }
    Ok(found)
}

/// A stream to the first of the addresses that answers, encrypted when the target says so.
pub(super) async fn open(
    world: &impl World,
    target: &Target,
    addresses: &[SocketAddr],
) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, Broken> {
    let unreachable = |source| Broken::Unreachable { host: target.host.clone(), source };
    let stream = connect(addresses).await.map_err(unreachable)?;
    if target.url.scheme() == "http" {
        return Ok(MaybeHttpsStream::Http(TokioIo::new(stream)));
    }
    let stream = encrypt(world.tls(), &target.host, stream).await.map_err(unreachable)?;
    Ok(MaybeHttpsStream::Https(TokioIo::new(stream)))
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        last = match timeout(CONNECT_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => io::Error::new(io::ErrorKind::TimedOut, format!("`{address}` is silent")),
        };
    }
    Err(last)
}

async fn encrypt(
    tls: Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> io::Result<tokio_rustls::client::TlsStream<TokioIo<TokioIo<TcpStream>>>> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(tls).connect(name, TokioIo::new(TokioIo::new(stream))).await
}

/// The certificates that this machine trusts, read when the first page is fetched.
static TLS: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let config = builder().with_native_roots().unwrap_or_else(|error| {
        // Without certificates no TLS connection can be trusted: each then fails and says so. Plain ones work.
        tracing::warn!(%error, "no certificates were found on this machine; install ca-certificates");
        builder().with_root_certificates(RootCertStore::empty())
    });
    Arc::new(config.with_no_client_auth())
});

pub(super) fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the provider speaks the default versions")
}
