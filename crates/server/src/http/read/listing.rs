//! Which page of a list is wanted.

use axum::{extract::FromRequestParts, http::request::Parts};
use mainspring_api::{effect::ListEffects, gate::ListGates, run::ListRuns, session::ListSessions};
use mainspring_types::{Code, Problem};
use serde::de::DeserializeOwned;

use super::query;
use crate::http::refusal::Refusal;

const LIMIT_MAX: u32 = 200;

/// Which page, as the query says it.
pub(in crate::http) struct Listing<T>(pub(in crate::http) T);

/// A query that asks for a page.
pub(in crate::http) trait Paged: DeserializeOwned {
    /// How many items the page may hold, if that is said.
    fn limit(&self) -> Option<u32>;
}

macro_rules! paged {
    ($($query:ty),+) => {$(
        impl Paged for $query {
            fn limit(&self) -> Option<u32> {
                self.limit
            }
        }
    )+};
}

paged!(ListRuns, ListEffects, ListGates, ListSessions);

impl<T: Paged, S: Sync> FromRequestParts<S> for Listing<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let list: T = query(parts)?;
        match list.limit() {
            Some(limit) if !(1..=LIMIT_MAX).contains(&limit) => {
                let message = format!("the query, at `limit`: `{limit}` is not between 1 and {LIMIT_MAX}");
                let problem = Problem::new(Code::BadRequest, message);
                Err(problem.suggest("read further pages with `cursor`").into())
            }
            _ => Ok(Self(list)),
        }
    }
}
