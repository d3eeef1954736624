//! The connections of all HTTP servers, with TLS where a URL says so.

use std::sync::LazyLock;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// Certificates are read when the first request goes out.
pub(super) static POOL: LazyLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>> = LazyLock::new(|| {
    let mut plain = HttpConnector::new();
    plain.enforce_http(false);
    plain.set_nodelay(true);
    let builder = HttpsConnectorBuilder::new();
    let builder = match builder.with_provider_and_native_roots(aws_lc_rs::default_provider()) {
        Ok(builder) => builder,
        Err(error) => {
            // Without certificates no TLS connection can be trusted: each then fails and says so. Plain ones work.
            tracing::warn!(%error, "no certificates were found on this machine; install ca-certificates");
            HttpsConnectorBuilder::new().with_tls_config(untrusting())
        }
    };
    let connector = builder.https_or_http().enable_http1().wrap_connector(plain);
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
});

fn untrusting() -> ClientConfig {
    ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the provider speaks the default versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
