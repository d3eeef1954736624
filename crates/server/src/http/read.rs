//! What handlers take from path, query and headers; each refuses what it does not know.

mod id;
mod listing;

use std::error::Error;

use axum::{
    extract::{FromRequestParts, Query},
    http::{header::HeaderName, request::Parts},
};
use mainspring_api::IDEMPOTENCY_KEY;
use mainspring_types::{Code, Problem};
use serde::{
    Deserialize,
    de::{DeserializeOwned, value::Error as ValueError},
};

pub(super) use self::{
    id::{Gate, Run, Session},
    listing::Listing,
};
use super::{explain, refusal::Refusal};
use crate::plane::Deltas;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The `Idempotency-Key`, if there is one.
pub(super) struct IdempotencyKey(pub(super) Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let mut keys = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let (Some(key), more) = (keys.next(), keys.next()) else { return Ok(Self(None)) };
        let bytes = key.as_bytes();
        if more.is_some() || !(1..=255).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_graphic) {
            let rule =
                "an `Idempotency-Key` has 1 to 255 visible ASCII characters, and a request has at most one";
            return Err(Problem::new(Code::BadRequest, rule)
                .suggest("a random UUID makes a good key")
                .into());
        }
        Ok(Self(Some(String::from_utf8_lossy(bytes).into_owned())))
    }
}

/// What a stream tells: the entries after `?after=` or `Last-Event-ID`, the later of both, and with `?deltas=true` what
/// is just being said.
///
/// A browser that reconnects repeats the query it began with and adds the header: the header is then the later.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) after: u64,
    pub(super) deltas: Deltas,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FollowingQuery {
    after: Option<u64>,
    deltas: Option<bool>,
}

impl<S: Sync> FromRequestParts<S> for Following {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let asked: FollowingQuery = query(parts)?;
        let header = parts.headers.get(LAST_EVENT_ID).map(|id| {
            let number = id.to_str().ok().and_then(|id| id.parse().ok());
            number.ok_or_else(|| {
                Problem::new(
                    Code::BadRequest,
                    "`Last-Event-ID` must be the `id:` of an event, a whole number",
                )
            })
        });
        let after = asked.after.unwrap_or(0).max(header.transpose()?.unwrap_or(0));
        let deltas = if asked.deltas.unwrap_or(false) { Deltas::Merged } else { Deltas::Omitted };
        Ok(Self { after, deltas })
    }
}

fn query<T: DeserializeOwned>(parts: &Parts) -> Result<T, Problem> {
    Query::try_from_uri(&parts.uri).map(|Query(fields)| fields).map_err(|rejected| {
        let (path, error) = innermost(&rejected);
        explain::field("the query", &path, &error)
    })
}

/// The field and the error that a rejection wraps.
fn innermost(rejected: &(dyn Error + 'static)) -> (String, String) {
    if let Some(error) = rejected.downcast_ref::<serde_path_to_error::Error<ValueError>>() {
        return (error.path().to_string(), error.inner().to_string());
    }
    rejected.source().map_or_else(|| (".".to_owned(), rejected.to_string()), innermost)
}
