//! The stream of one run, read from its server-sent events.

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
use crate::event::{EventView, PROBLEM};

/// The server writes at least a comment every 15 seconds: after three times that the connection is dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// Opens the stream of a run after entry `after`.
pub(super) async fn open(
    wires: &Arc<Wires>,
    run: RunId,
    after: u64,
) -> Result<impl Stream<Item = Result<EventView, Problem>> + Send + use<>, Problem> {
    let path = format!("/api/v1/runs/{run}/events?after={after}");
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

/// The entry in a frame; `None` for a frame without data.
fn item(wires: &Wires, frame: Result<Sse, sse_stream::Error>) -> Option<Result<EventView, Problem>> {
    let unreadable = |error: &dyn std::error::Error| Some(Err(wires.address.unreachable(error)));
    let frame = match frame {
        Ok(frame) => frame,
        Err(error) => return unreadable(&error),
    };
    let data = frame.data?;
    if frame.event.as_deref() == Some(PROBLEM) {
        return Some(Err(first(problems(hyper::StatusCode::INTERNAL_SERVER_ERROR, data.as_bytes()))));
    }
    match serde_json::from_str(&data) {
        Ok(event) => Some(Ok(event)),
        Err(error) => unreadable(&error),
    }
}
