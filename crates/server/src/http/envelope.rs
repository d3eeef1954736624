//! Around every request: its id, its line in the log, and the one place where problems become bodies.

use std::{panic::AssertUnwindSafe, time::Instant};

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use mainspring_api::problem::{MEDIA_TYPE, ProblemBody};
use mainspring_types::{Code, Problem, RequestId};
use tracing::Instrument;

use super::refusal::Refusal;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_MAX: usize = 64;

pub(super) async fn envelope(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", id = %id);
    let answered = AssertUnwindSafe(next.run(request).instrument(span)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| Refusal::from(panicked()).into_response());
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        write(&mut response, refusal, &id);
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_REQUEST_ID, HeaderValue::from_str(id.as_str()).expect("ids are visible ASCII"));
    let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis());
    tracing::info!(%method, path, status, ms, request_id = %id, "answered");
    response
}

/// The id the caller gave, if it is short and plain, else a new one.
fn request_id(headers: &HeaderMap) -> RequestId {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let given = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(|id| (1..=REQUEST_ID_MAX).contains(&id.len()) && id.bytes().all(plain)) {
        Some(id) => RequestId::from_cause(id),
        None => RequestId::generate(),
    }
}

fn panicked() -> Problem {
    // The panic itself, with its place, is in the log by way of the panic hook.
    Problem::new(Code::Internal, "the server failed in a way it did not foresee")
        .suggest("its log has the details under this request's id; please report them")
}

fn write(response: &mut Response, refusal: Refusal, id: &RequestId) {
    let Refusal { status, main, others } = refusal;
    if status.is_server_error() {
        tracing::error!(code = %main.code, error = main.message, request_id = %id, "request failed");
    }
    let body = ProblemBody { status: status.as_u16(), others, ..ProblemBody::new(main, id.as_str()) };
    let body = serde_json::to_vec(&body).expect("a problem has string keys only");
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    *response.body_mut() = Body::from(body);
}
