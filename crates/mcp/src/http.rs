//! A server that answers at an address: MCP's streamable HTTP, over our own client.
//!
//! rmcp keeps the session, resumes streams and, once, makes a lost session anew. Here is what it stands on: requests
//! that follow no redirect, and answers that are weighed while they come in.

mod answer;
mod pool;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue},
};
use rmcp::{
    model::ClientJsonRpcMessage,
    transport::{
        StreamableHttpClientTransport,
        common::client_side_sse::ExponentialBackoff,
        streamable_http_client::{
            SseError, StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
            StreamableHttpPostResponse,
        },
    },
};
use sse_stream::Sse;

use crate::{evidence::Evidence, fault::Trouble};

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// How often a stream that broke is resumed, and how long is waited the first time.
const RESUMED_MAX: usize = 3;
const RESUMED_AFTER: Duration = Duration::from_millis(200);

/// Why a request had no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpFault {
    /// Nobody was reached, so nothing was asked.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke after the request went out.
    #[error("{0}")]
    Cut(String),
    /// The answer is a redirect.
    #[error("HTTP status {status}: redirects to `{to}`")]
    Redirects { status: u16, to: String },
    /// The answer's status is no success.
    #[error("HTTP status {status}: {body}")]
    Refused { status: u16, body: String },
    /// The answer is not of the protocol, or breaks a bound.
    #[error("{0}")]
    Nonsense(String),
}

type Refused = StreamableHttpError<HttpFault>;

/// Requests to one server.
#[derive(Clone)]
pub(crate) struct Web {
    evidence: Arc<Evidence>,
}

/// A transport to the server at `url`; refused where the address or a header cannot be used.
pub(crate) fn transport(
    url: &str,
    headers: &BTreeMap<String, String>,
    evidence: &Arc<Evidence>,
) -> Result<StreamableHttpClientTransport<Web>, Trouble> {
    let malformed = |reason: String| Trouble::Malformed { reason };
    // Neither the address nor a header's value is quoted: both may hold a secret.
    let uri: Uri = url.parse().map_err(|error| malformed(format!("its `url` is no address: {error}")))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
        return Err(malformed("its `url` does not begin with `http://` or `https://` and a host".into()));
    }
    let headers = headers.iter().map(header).collect::<Result<_, _>>().map_err(malformed)?;
    let mut config = StreamableHttpClientTransportConfig::with_uri(url).custom_headers(headers);
    let mut backoff = ExponentialBackoff::default();
    backoff.max_times = Some(RESUMED_MAX);
    backoff.base_duration = RESUMED_AFTER;
    config.retry_config = Arc::new(backoff);
    Ok(StreamableHttpClientTransport::with_client(Web { evidence: Arc::clone(evidence) }, config))
}

fn header((name, value): (&String, &String)) -> Result<(HeaderName, HeaderValue), String> {
    let parsed: HeaderName = name.parse().map_err(|_| format!("`{name}` is no name of a header"))?;
    if parsed == SESSION || parsed == LAST_EVENT || parsed == ACCEPT || parsed == CONTENT_TYPE {
        return Err(format!("header `{name}` is the protocol's own"));
    }
    let mut value: HeaderValue = value
        .parse()
        .map_err(|_| format!("the value of header `{name}` has characters that none may have"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

impl StreamableHttpClient for Web {
    type Error = HttpFault;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Refused> {
        let body = serde_json::to_vec(&message)?;
        let mut request = ask(Method::POST, &uri, session.as_deref(), headers, body)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = send(request).await?;
        if response.status() == StatusCode::NOT_FOUND && session.is_some() {
            return Err(StreamableHttpError::SessionExpired);
        }
        answer::to_post(response, &message, &self.evidence).await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        _token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Refused> {
        send(ask(Method::DELETE, &uri, Some(&session), headers, Vec::new())?).await.map(drop)
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        _token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Refused> {
        let mut request = ask(Method::GET, &uri, session.as_deref(), headers, Vec::new())?;
        if let Some(event) = last_event {
            request.headers_mut().insert(LAST_EVENT, given(&event)?);
        }
        answer::to_get(send(request).await?, &self.evidence)
    }
}

fn ask(
    method: Method,
    uri: &str,
    session: Option<&str>,
    headers: HashMap<HeaderName, HeaderValue>,
    body: Vec<u8>,
) -> Result<Request<Full<Bytes>>, Refused> {
    let nonsense = |error: hyper::http::Error| client(HttpFault::Nonsense(error.to_string()));
    let accept = "application/json, text/event-stream";
    let request = Request::builder().method(method).uri(uri).header(ACCEPT, accept);
    let mut request = request.body(Full::new(Bytes::from(body))).map_err(nonsense)?;
    request.headers_mut().extend(headers);
    if let Some(session) = session {
        request.headers_mut().insert(SESSION, given(session)?);
    }
    Ok(request)
}

/// A header's value that the server gave us to send back.
fn given(value: &str) -> Result<HeaderValue, Refused> {
    value.parse().map_err(|_| client(HttpFault::Nonsense("gave an id that no header can carry".into())))
}

async fn send(request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Refused> {
    pool::POOL.request(request).await.map_err(|error| {
        let reason = pool::chain(&error);
        client(if error.is_connect() { HttpFault::Unreachable(reason) } else { HttpFault::Cut(reason) })
    })
}

fn client(fault: HttpFault) -> Refused {
    StreamableHttpError::Client(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, name: &str, value: &str) -> String {
        match transport(url, &[(name.to_owned(), value.to_owned())].into(), &Arc::default()) {
            Err(Trouble::Malformed { reason }) => reason,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("it was taken"),
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused_and_no_value_is_told() {
        assert_eq!(
            refused("ftp://a", "x", "y"),
            "its `url` does not begin with `http://` or `https://` and a host"
        );
        assert_eq!(refused("http://a", "a b", "y"), "`a b` is no name of a header");
        assert_eq!(
            refused("http://a", "Mcp-Session-Id", "y"),
            "header `Mcp-Session-Id` is the protocol's own"
        );
        assert_eq!(
            refused("http://a", "x", "secret\n"),
            "the value of header `x` has characters that none may have"
        );
    }
}
