//! The routes of gates.

use axum::{Extension, Json, extract::State};
use mainspring_api::{
    gate::{AnswerGate, GateView, ListGates},
    run::Page,
};

use super::{
    Shared,
    body::Document,
    read::{Gate, Listing},
    refusal::Refusal,
};
use crate::caller::Caller;

pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Listing(list): Listing<ListGates>,
) -> Result<Json<Page<GateView>>, Refusal> {
    Ok(Json(shared.plane.list_gates(&caller, list).await?))
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Gate(gate): Gate,
) -> Result<Json<GateView>, Refusal> {
    Ok(Json(shared.plane.gate(&caller, gate).await?))
}

pub(super) async fn answer(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Gate(gate): Gate,
    Document(answer): Document<AnswerGate>,
) -> Result<Json<GateView>, Refusal> {
    Ok(Json(shared.plane.answer_gate(&caller, gate, answer).await?))
}
