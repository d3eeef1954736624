//! The one thing that a path names.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use mainspring_types::{Code, GateId, ParseIdError, Problem, RunId, SessionId};

use crate::http::refusal::Refusal;

/// The run in the path.
pub(in crate::http) struct Run(pub(in crate::http) RunId);

/// The gate in the path.
pub(in crate::http) struct Gate(pub(in crate::http) GateId);

/// The session in the path.
pub(in crate::http) struct Session(pub(in crate::http) SessionId);

impl<S: Send + Sync> FromRequestParts<S> for Run {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        id(parts, state, "`mainspring runs list` shows the runs there are").await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Gate {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        id(parts, state, "`mainspring gates list` shows those that are open").await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        id(parts, state, "`mainspring sessions list` shows the sessions there are").await.map(Self)
    }
}

/// The id in the path; `next` leads on where there is none.
async fn id<T, S>(parts: &mut Parts, state: &S, next: &str) -> Result<T, Refusal>
where
    T: FromStr<Err = ParseIdError>,
    S: Send + Sync,
{
    let Path(text) = Path::<String>::from_request_parts(parts, state)
        .await
        .map_err(|rejected| Problem::new(Code::BadRequest, rejected.body_text()))?;
    let malformed = |error: ParseIdError| Problem::new(Code::BadRequest, error.to_string()).suggest(next);
    Ok(text.parse().map_err(malformed)?)
}
