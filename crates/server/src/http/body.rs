//! Bodies: JSON of a bounded size, read whole, each field known.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use mainspring_types::{Code, Problem};
use serde::{Deserialize, de::DeserializeOwned};

use super::{explain, refusal::Refusal};

/// The largest body that is taken: room for one of the largest images, in base64.
pub(super) const BODY_MAX: usize = 8 << 20;

/// So much of a larger body is read and thrown away: a peer that is still writing would not see our answer.
const THROWN_AWAY_MAX: usize = 64 << 20;

/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// A body that must be there.
pub(super) struct Document<T>(pub(super) T);

/// A body that may be left out, which means the default.
pub(super) struct Optional<T>(pub(super) T);

/// The body of a request that has nothing to say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Document<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = collect(body).await?;
        if bytes.is_empty() {
            return Err(Problem::new(Code::BadRequest, "the request has no body")
                .suggest("send a JSON object")
                .into());
        }
        parse(&parts.headers, &bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Sync> FromRequest<S> for Optional<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = collect(body).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { parse(&parts.headers, &bytes).map(Self) }
    }
}

fn parse<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let problem = Problem::new(Code::BadRequest, format!("the body is of type `{kind}`, not JSON"))
            .suggest("send JSON, with the header `Content-Type: application/json`");
        return Err(Refusal::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
    }
    // serde would take a list for the fields in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        let problem = Problem::new(Code::BadRequest, "the body is a list, where a JSON object is expected");
        return Err(problem.suggest("send an object, with every field under its name").into());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let document = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { explain::field("the body", &path, &inner.to_string()) } else { not_json(&inner) }
    })?;
    reader.end().map_err(|error| not_json(&error))?;
    Ok(document)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(Code::BadRequest, format!("the body is not JSON: {error}"))
}

async fn collect(body: Body) -> Result<Bytes, Refusal> {
    let late = |_| {
        let seconds = BODY_WITHIN.as_secs();
        let problem = Problem::new(Code::BadRequest, format!("the body did not arrive within {seconds} s"));
        Err(Refusal::with(StatusCode::REQUEST_TIMEOUT, problem))
    };
    tokio::time::timeout(BODY_WITHIN, take(body)).await.unwrap_or_else(late)
}

async fn take(mut body: Body) -> Result<Bytes, Refusal> {
    let (mut taken, mut seen) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Problem::new(Code::BadRequest, "the body broke off").because(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= BODY_MAX {
            taken.extend_from_slice(&data);
        } else if seen > THROWN_AWAY_MAX {
            break;
        }
    }
    if seen <= BODY_MAX { Ok(taken.freeze()) } else { Err(too_large()) }
}

fn too_large() -> Refusal {
    let problem = Problem::new(Code::BadRequest, format!("the body is larger than {} MiB", BODY_MAX >> 20))
        .suggest("write the data to a file, and give the agent its path");
    Refusal::with(StatusCode::PAYLOAD_TOO_LARGE, problem)
}
