//! The routes of runs.

use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use mainspring_api::{
    effect::{EffectView, ListEffects},
    limit::{DivergeRun, RaiseRun},
    run::{CancelRun, CreateRun, ListRuns, Page, RunSummary, RunView},
};
use mainspring_types::RequestId;

use super::{
    Shared,
    body::{Document, Nothing, Optional},
    read::{Following, IdempotencyKey, Listing, Run},
    refusal::Refusal,
    stream,
};
use crate::{caller::Caller, plane::Cancelled};

/// Accepted, though not ended: a repeated request with its idempotency key gets the same again.
pub(super) async fn create(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    IdempotencyKey(key): IdempotencyKey,
    Document(request): Document<CreateRun>,
) -> Result<Response, Refusal> {
    let run = shared.plane.create_run(&caller, request, key).await?;
    let location = [(LOCATION, format!("/api/v1/runs/{}", run.run_id))];
    Ok((StatusCode::ACCEPTED, location, Json(run)).into_response())
}

pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Listing(list): Listing<ListRuns>,
) -> Result<Json<Page<RunSummary>>, Refusal> {
    Ok(Json(shared.plane.list_runs(&caller, list).await?))
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
) -> Result<Json<RunView>, Refusal> {
    Ok(Json(shared.plane.run(&caller, run).await?))
}

pub(super) async fn events(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(id): Extension<RequestId>,
    Run(run): Run,
    Following { after, deltas }: Following,
) -> Result<Response, Refusal> {
    let events = shared.plane.events(&caller, run, after, deltas).await?;
    Ok(stream::answer(events, id, shared.stop))
}

pub(super) async fn effects(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Listing(list): Listing<ListEffects>,
) -> Result<Json<Page<EffectView>>, Refusal> {
    Ok(Json(shared.plane.effects(&caller, run, list).await?))
}

pub(super) async fn cancel(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Optional(cancel): Optional<CancelRun>,
) -> Result<(StatusCode, Json<RunView>), Refusal> {
    Ok(match shared.plane.cancel(&caller, run, cancel).await? {
        Cancelled::Interrupted(run) | Cancelled::Stopping(run) => (StatusCode::ACCEPTED, Json(*run)),
        Cancelled::Ended(run) => (StatusCode::OK, Json(*run)),
    })
}

pub(super) async fn pause(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Optional(Nothing {}): Optional<Nothing>,
) -> Result<(StatusCode, Json<RunView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(shared.plane.pause(&caller, run).await?)))
}

pub(super) async fn resume(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Optional(Nothing {}): Optional<Nothing>,
) -> Result<(StatusCode, Json<RunView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(shared.plane.resume(&caller, run).await?)))
}

pub(super) async fn raise(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Document(raise): Document<RaiseRun>,
) -> Result<(StatusCode, Json<RunView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(shared.plane.raise(&caller, run, raise).await?)))
}

pub(super) async fn diverge(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Document(diverge): Document<DivergeRun>,
) -> Result<(StatusCode, Json<RunView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(shared.plane.diverge(&caller, run, diverge).await?)))
}
