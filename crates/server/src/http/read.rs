//! What handlers take from path, query and headers; each refuses what it does not know.

use std::error::Error;

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{header::HeaderName, request::Parts},
};
use mainspring_api::{IDEMPOTENCY_KEY, effect::ListEffects, run::ListRuns};
use mainspring_types::{Code, ParseIdError, Problem, RunId};
use serde::{
    Deserialize,
    de::{DeserializeOwned, value::Error as ValueError},
};

use super::{explain, refusal::Refusal};

const LIST_MAX: u32 = 200;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The run in the path.
pub(super) struct Run(pub(super) RunId);

impl<S: Send + Sync> FromRequestParts<S> for Run {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejected| Problem::new(Code::BadRequest, rejected.body_text()))?;
        let malformed = |error: ParseIdError| {
            Problem::new(Code::BadRequest, error.to_string())
                .suggest("`mainspring runs list` shows the runs there are")
        };
        Ok(Self(text.parse().map_err(malformed)?))
    }
}

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

/// Which runs to list.
pub(super) struct Listing(pub(super) ListRuns);

impl<S: Sync> FromRequestParts<S> for Listing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let list: ListRuns = query(parts)?;
        demand_page(list.limit)?;
        Ok(Self(list))
    }
}

/// Which effects to list.
pub(super) struct EffectListing(pub(super) ListEffects);

impl<S: Sync> FromRequestParts<S> for EffectListing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let list: ListEffects = query(parts)?;
        demand_page(list.limit)?;
        Ok(Self(list))
    }
}

/// Whether a page may hold so many items.
fn demand_page(limit: Option<u32>) -> Result<(), Problem> {
    match limit {
        Some(limit) if !(1..=LIST_MAX).contains(&limit) => {
            let message = format!("the query, at `limit`: `{limit}` is not between 1 and {LIST_MAX}");
            Err(Problem::new(Code::BadRequest, message).suggest("read further pages with `cursor`"))
        }
        _ => Ok(()),
    }
}

/// After which entry a stream begins: `?after=` or `Last-Event-ID`, the later of both.
///
/// A browser that reconnects repeats the query it began with and adds the header: the header is then the later.
pub(super) struct After(pub(super) u64);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterQuery {
    after: Option<u64>,
}

impl<S: Sync> FromRequestParts<S> for After {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let asked: AfterQuery = query(parts)?;
        let header = parts.headers.get(LAST_EVENT_ID).map(|id| {
            let number = id.to_str().ok().and_then(|id| id.parse().ok());
            number.ok_or_else(|| {
                Problem::new(
                    Code::BadRequest,
                    "`Last-Event-ID` must be the `id:` of an event, a whole number",
                )
            })
        });
        Ok(Self(asked.after.unwrap_or(0).max(header.transpose()?.unwrap_or(0))))
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
