//! A provider reached over HTTP, with TLS where its URL says so.

use std::sync::LazyLock;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Incoming as Wire};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{Broken, Incoming, Outgoing, Pieces};

type Http = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// One pool of connections for every provider. Certificates are read when the first call goes out.
static POOL: LazyLock<Http> = LazyLock::new(|| {
    let mut plain = HttpConnector::new();
    plain.enforce_http(false);
    plain.set_nodelay(true);
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = HttpsConnectorBuilder::new();
    let connector = match builder.with_provider_and_native_roots(provider) {
        Ok(builder) => builder.https_or_http().enable_http1().wrap_connector(plain),
        Err(error) => {
            // Without certificates no TLS connection can be trusted: each then fails and says so. Plain ones work.
            tracing::warn!(%error, "no certificates were found on this machine; install ca-certificates");
            untrusting(plain)
        }
    };
    Pool::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
});

fn untrusting(plain: HttpConnector) -> HttpsConnector<HttpConnector> {
    use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
    let tls = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the provider speaks the default versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(plain)
}

/// A server below a base URL.
pub(crate) struct Client {
    base_url: String,
}

impl Client {
    pub(super) fn new(base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned() }
    }

    pub(super) async fn send(&self, provider: &str, outgoing: Outgoing) -> Result<Incoming, Broken> {
        let unreachable = |detail: String| Broken::Unreachable { provider: provider.to_owned(), detail };
        let Outgoing { method, path, headers, body, .. } = outgoing;
        let uri = format!("{}{path}", self.base_url);
        let mut request = Request::builder()
            .method(method)
            .uri(&uri)
            .body(Full::new(body))
            .map_err(|error| unreachable(error.to_string()))?;
        *request.headers_mut() = headers;
        let response = POOL.request(request).await.map_err(|error| {
            let detail = chain(&error);
            if error.is_connect() {
                unreachable(detail)
            } else {
                Broken::Cut { provider: provider.to_owned(), detail }
            }
        })?;
        let (head, body) = response.into_parts();
        Ok(Incoming { status: head.status.as_u16(), headers: head.headers, body: Pieces::Wire(body) })
    }
}

pub(super) async fn next(provider: &str, body: &mut Wire) -> Result<Option<Bytes>, Broken> {
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Broken::Cut { provider: provider.to_owned(), detail: chain(&error) })?;
        if let Ok(bytes) = frame.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
