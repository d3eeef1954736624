//! What an answer over HTTP is: a message, a stream of them, or a refusal.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, LOCATION},
};
use rmcp::{
    model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_client::{SseError, StreamableHttpError, StreamableHttpPostResponse},
};
use sse_stream::{Sse, SseStream};

use super::{HttpFault, Refused, SESSION, client, pool::chain};
use crate::{
    evidence::{Evidence, printable},
    gauge::{Frame, Gauge},
};

/// How much of a refusal is read.
const REFUSAL_MAX: usize = 64 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Stream,
    Other,
}

/// The answer to a message that was posted.
pub(super) async fn to_post(
    response: Response<Incoming>,
    message: &ClientJsonRpcMessage,
    evidence: &Arc<Evidence>,
) -> Result<StreamableHttpPostResponse, Refused> {
    let status = response.status();
    if !status.is_success() {
        return refusal(response).await.map(|message| StreamableHttpPostResponse::Json(message, None));
    }
    let is_request = matches!(message, JsonRpcMessage::Request(_));
    if !is_request || matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        return Ok(StreamableHttpPostResponse::Accepted);
    }
    let session = response.headers().get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match kind(&response) {
        Kind::Stream => Ok(StreamableHttpPostResponse::Sse(events(response, evidence), session)),
        Kind::Json => {
            let body = whole(response, evidence).await?;
            let message = serde_json::from_slice(&body).map_err(|error| {
                client(HttpFault::Nonsense(format!("no message of the protocol: {error}")))
            })?;
            Ok(StreamableHttpPostResponse::Json(message, session))
        }
        Kind::Other => Err(client(HttpFault::Nonsense(format!("content of type `{}`", media(&response))))),
    }
}

/// The stream that was asked for.
pub(super) fn to_get(
    response: Response<Incoming>,
    evidence: &Arc<Evidence>,
) -> Result<BoxStream<'static, Result<Sse, SseError>>, Refused> {
    match (response.status(), kind(&response)) {
        (status, Kind::Stream) if status.is_success() => Ok(events(response, evidence)),
        // A server need not offer a stream outside of answers.
        _ => Err(StreamableHttpError::ServerDoesNotSupportSse),
    }
}

/// What a status other than success means. Its body may be an answer nevertheless: an error of the protocol.
async fn refusal(response: Response<Incoming>) -> Result<ServerJsonRpcMessage, Refused> {
    let status = response.status();
    if status.is_redirection() {
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
        // What follows the path may be a key.
        let to = to.split(['?', '#']).next().unwrap_or_default();
        return Err(client(HttpFault::Redirects { status: status.as_u16(), to: printable(to) }));
    }
    let is_barred = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let may_be_answer = kind(&response) == Kind::Json && !is_barred;
    let body = Limited::new(response.into_body(), REFUSAL_MAX).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    match serde_json::from_slice(&body) {
        Ok(message @ JsonRpcMessage::Error(_)) if may_be_answer => Ok(message),
        _ => {
            let body = printable(&String::from_utf8_lossy(&body));
            Err(client(HttpFault::Refused { status: status.as_u16(), body }))
        }
    }
}

async fn whole(response: Response<Incoming>, evidence: &Arc<Evidence>) -> Result<Vec<u8>, Refused> {
    let mut pieces = std::pin::pin!(measured(response, Frame::Body, evidence));
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.map_err(client)?);
    }
    Ok(body)
}

fn events(
    response: Response<Incoming>,
    evidence: &Arc<Evidence>,
) -> BoxStream<'static, Result<Sse, SseError>> {
    SseStream::from_bytes_stream(measured(response, Frame::Event, evidence).boxed()).boxed()
}

/// The body, piece by piece; it ends with an error where it breaks off or breaks a bound.
fn measured(
    response: Response<Incoming>,
    frame: Frame,
    evidence: &Arc<Evidence>,
) -> impl Stream<Item = Result<Bytes, HttpFault>> + Send + 'static {
    let state = (response.into_body(), Gauge::new(frame), Arc::clone(evidence));
    stream::try_unfold(state, async |(mut body, mut gauge, evidence)| {
        while let Some(piece) = body.frame().await {
            let piece = piece.map_err(|error| HttpFault::Cut(chain(&error)))?;
            let Ok(bytes) = piece.into_data() else { continue };
            if let Err(breach) = gauge.weigh(&bytes) {
                evidence.convict(breach);
                return Err(HttpFault::Nonsense(breach.to_string()));
            }
            return Ok(Some((bytes, (body, gauge, evidence))));
        }
        Ok(None)
    })
}

fn kind(response: &Response<Incoming>) -> Kind {
    let media = media(response);
    match media.split(';').next().unwrap_or_default().trim() {
        "application/json" => Kind::Json,
        "text/event-stream" => Kind::Stream,
        _ => Kind::Other,
    }
}

fn media(response: &Response<Incoming>) -> String {
    let value = response.headers().get(CONTENT_TYPE);
    String::from_utf8_lossy(value.map_or(&[][..], |value| value.as_bytes())).to_ascii_lowercase()
}
