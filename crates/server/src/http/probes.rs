//! `GET /health`: the server answers. `GET /ready`: runs are accepted.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mainspring_api::run::Health;

use super::Shared;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok".into(), version: VERSION.into(), checks: [].into() })
}

pub(super) async fn ready(State(shared): State<Shared>) -> Response {
    let (status, word, checks) = match shared.plane.ready().await {
        Ok(checks) => (StatusCode::OK, "ok", checks),
        Err(checks) => (StatusCode::SERVICE_UNAVAILABLE, "not ready", checks),
    };
    (status, Json(Health { status: word.into(), version: VERSION.into(), checks })).into_response()
}
