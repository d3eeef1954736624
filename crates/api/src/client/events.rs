//! The stream of one run, read from its server-sent events: its entries, or these with what is just being said.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mainspring_types::{Problem, RunId};
use sse_stream::{Sse, SseStream};

use super::{
    answer::{first, problems},
    wire::{Ask, Wires},
};
use crate::event::{DELTA, Delta, EventView, PROBLEM};

/// The server writes at least a comment every 15 seconds: after three times that the connection is dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// What a live stream carries.
#[derive(Clone, PartialEq, Debug)]
pub enum Live {
    /// An entry of the run's journal.
    Entry(EventView),
    /// A piece of what a model is just saying. Pieces may be missing after a break; what was committed never is.
    Delta(Delta),
}

/// Opens the stream of a run after entry `after`.
pub(super) async fn open(
    wires: &Arc<Wires>,
    run: RunId,
    after: u64,
) -> Result<impl Stream<Item = Result<EventView, Problem>> + Send + use<>, Problem> {
    let frames = frames(wires, format!("/api/v1/runs/{run}/events?after={after}")).await?;
    Ok(frames.filter_map(|item| {
        std::future::ready(match item {
            Ok(Live::Entry(event)) => Some(Ok(event)),
            Ok(Live::Delta(_)) => None,
            Err(problem) => Some(Err(problem)),
        })
    }))
}

/// Opens the same stream with what is just being said between its entries.
pub(super) async fn open_live(
    wires: &Arc<Wires>,
    run: RunId,
    after: u64,
) -> Result<impl Stream<Item = Result<Live, Problem>> + Send + use<>, Problem> {
    frames(wires, format!("/api/v1/runs/{run}/events?after={after}&deltas=true")).await
}

async fn frames(
    wires: &Arc<Wires>,
    path: String,
) -> Result<impl Stream<Item = Result<Live, Problem>> + Send + use<>, Problem> {
    let (response, _wire) = wires.send(&Ask::get(&path)).await?;
    let status = response.status();
    if !status.is_success() {
        let body = response.into_body().collect().await.map_err(|error| wires.address.unreachable(&error))?;
        return Err(first(problems(status, &body.to_bytes())));
    }
    let wires = Arc::clone(wires);
    let frames = SseStream::from_bytes_stream(Box::pin(bytes(response.into_body())));
    Ok(frames.filter_map(move |frame| std::future::ready(item(&wires, frame))))
}

/// The bytes of the body; a silence that is too long is an error.
fn bytes(body: Incoming) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(body.into_data_stream(), |mut body| async {
        let silent = |_| Some(Err(io::ErrorKind::TimedOut.into()));
        let next = tokio::time::timeout(SILENCE_MAX, body.next()).await;
        let next = next.map_or_else(silent, |chunk| chunk.map(|chunk| chunk.map_err(io::Error::other)));
        next.map(|chunk| (chunk, body))
    })
}

/// What a frame carries; `None` for a frame without data.
fn item(wires: &Wires, frame: Result<Sse, sse_stream::Error>) -> Option<Result<Live, Problem>> {
    let unreadable = |error: &dyn std::error::Error| Err(wires.address.unreachable(error));
    let frame = match frame {
        Ok(frame) => frame,
        Err(error) => return Some(unreadable(&error)),
    };
    let data = frame.data?;
    let live = match frame.event.as_deref() {
        Some(PROBLEM) => {
            let problems = problems(hyper::StatusCode::INTERNAL_SERVER_ERROR, data.as_bytes());
            return Some(Err(first(problems)));
        }
        Some(DELTA) => serde_json::from_str(&data).map(Live::Delta),
        _ => serde_json::from_str(&data).map(Live::Entry),
    };
    Some(live.or_else(|error| unreadable(&error)))
}
