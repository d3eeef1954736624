//! The routes of sessions, and of what is said to runs.

use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use mainspring_api::{
    run::{Page, RunView},
    session::{AddMessage, CreateSession, ListSessions, MessageAdded, SessionView, TurnView},
};

use super::{
    Shared,
    body::{Document, Nothing, Optional},
    read::{Listing, Run, Session},
    refusal::Refusal,
};
use crate::caller::Caller;

pub(super) async fn create(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Document(create): Document<CreateSession>,
) -> Result<Response, Refusal> {
    let session = shared.plane.create_session(&caller, create).await?;
    let location = [(LOCATION, format!("/api/v1/sessions/{}", session.session_id))];
    Ok((StatusCode::CREATED, location, Json(session)).into_response())
}

pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Listing(list): Listing<ListSessions>,
) -> Result<Json<Page<SessionView>>, Refusal> {
    Ok(Json(shared.plane.list_sessions(&caller, list).await?))
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Session(session): Session,
) -> Result<Json<SessionView>, Refusal> {
    Ok(Json(shared.plane.session(&caller, session).await?))
}

pub(super) async fn turns(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Session(session): Session,
    Listing(list): Listing<ListSessions>,
) -> Result<Json<Page<TurnView>>, Refusal> {
    Ok(Json(shared.plane.turns(&caller, session, list).await?))
}

/// Accepted, and heard with the next turn.
pub(super) async fn message(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Session(session): Session,
    Document(message): Document<AddMessage>,
) -> Result<(StatusCode, Json<MessageAdded>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(shared.plane.message_session(&caller, session, message).await?)))
}

/// The same to a run that is live.
pub(super) async fn message_run(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Document(message): Document<AddMessage>,
) -> Result<(StatusCode, Json<MessageAdded>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(shared.plane.add_message(&caller, run, message).await?)))
}

/// A run that had ended before is shown with 200.
pub(super) async fn done(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Run(run): Run,
    Optional(Nothing {}): Optional<Nothing>,
) -> Result<(StatusCode, Json<RunView>), Refusal> {
    let run = shared.plane.done(&caller, run).await?;
    let status = if run.status.is_ended() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(run)))
}
