//! The HTTP API: the routes of the contract over [`Plane`], and nothing else.
//!
//! ```text
//!  connection -> envelope -> guard -> route -> Plane
//!                |           |        '- reads path, query, headers and body; refuses what it does not know
//!                |           '- foreign hosts and origins, requests without the key
//!                '- request id, access log, panics; writes every problem as RFC 9457
//! ```
//!
//! `/health` and `/ready` ask for no key. Over the control socket the peer's user id stands in for it.

mod body;
mod envelope;
mod explain;
mod gates;
mod guard;
mod host;
mod probes;
mod read;
mod refusal;
mod runs;
mod serve;
mod sessions;
mod stream;

#[cfg(test)]
mod tests;

use axum::{
    Router,
    http::{Method, StatusCode, Uri},
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use mainspring_types::{Code, Problem};
use tokio_util::sync::CancellationToken;

use self::refusal::Refusal;
pub use self::serve::{Listener, serve};
use crate::{data::AdminKey, plane::Plane};

/// What the routes share.
#[derive(Clone)]
struct Shared {
    plane: Plane,
    /// Ends streams, which would otherwise outlive a graceful end.
    stop: CancellationToken,
}

/// The routes over `plane`; streams of events end when `stop` is cancelled.
pub fn routes(plane: Plane, stop: CancellationToken) -> Router {
    Router::new()
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .route("/api/v1/runs", post(runs::create).get(runs::list))
        .route("/api/v1/runs/{run}", get(runs::show))
        .route("/api/v1/runs/{run}/events", get(runs::events))
        .route("/api/v1/runs/{run}/effects", get(runs::effects))
        .route("/api/v1/runs/{run}/cancel", post(runs::cancel))
        .route("/api/v1/runs/{run}/pause", post(runs::pause))
        .route("/api/v1/runs/{run}/resume", post(runs::resume))
        .route("/api/v1/runs/{run}/raise", post(runs::raise))
        .route("/api/v1/runs/{run}/diverge", post(runs::diverge))
        .route("/api/v1/runs/{run}/messages", post(sessions::message_run))
        .route("/api/v1/runs/{run}/done", post(sessions::done))
        .route("/api/v1/gates", get(gates::list))
        .route("/api/v1/gates/{gate}", get(gates::show))
        .route("/api/v1/gates/{gate}/answer", post(gates::answer))
        .route("/api/v1/sessions", get(sessions::list).post(sessions::create))
        .route("/api/v1/sessions/{session}", get(sessions::show))
        .route("/api/v1/sessions/{session}/turns", get(sessions::turns))
        .route("/api/v1/sessions/{session}/messages", post(sessions::message))
        .with_state(Shared { plane, stop })
}

/// The routes behind the guard, in the envelope: what every listener serves.
fn guarded(routes: Router, key: AdminKey) -> Router {
    routes
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(key, guard::guard))
        .layer(from_fn(envelope::envelope))
}

async fn no_such_page(uri: Uri) -> Refusal {
    Problem::new(Code::NotFound, format!("there is no page `{}`", uri.path()))
        .suggest("the API begins at `/api/v1/runs`; `/health` and `/ready` say how the server is")
        .into()
}

async fn no_such_method(method: Method, uri: Uri) -> Refusal {
    let problem = Problem::new(Code::BadRequest, format!("`{}` does not take {method}", uri.path()))
        .suggest("the `Allow` header of this answer names what it takes");
    Refusal::with(StatusCode::METHOD_NOT_ALLOWED, problem)
}
