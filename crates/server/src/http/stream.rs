//! Server-sent events of one run. What is just being said has no id: nobody can ask for it again.
//!
//! What is ready at once leaves as one chunk, so that a busy run costs few writes. A comment goes out when nothing
//! else did for a while: it tells both ends that the other is there. The stream ends after the run's last event, after
//! a problem, or when the server stops; a client that has not seen the last event asks again after the one it has.

use std::{io::Write, time::Duration};

use axum::{
    body::Body,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use mainspring_api::{
    client::Live,
    event::{DELTA, PROBLEM},
    problem::ProblemBody,
};
use mainspring_types::{Problem, RequestId};
use tokio_util::sync::CancellationToken;

const QUIET_MAX: Duration = Duration::from_secs(15);
const QUIET: Bytes = Bytes::from_static(b": quiet\n\n");

/// Enough to make writes rare, and little enough to be held for a client that reads slowly.
const BATCH_MAX: usize = 128;

type Item = Result<Live, Problem>;

/// The answer that streams `events`.
pub(super) fn answer(
    events: impl Stream<Item = Item> + Send + 'static,
    id: RequestId,
    stop: CancellationToken,
) -> Response {
    let chunks = chunks(events, id, stop).map(Ok::<_, std::convert::Infallible>);
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(chunks)).into_response()
}

/// The body, chunk by chunk.
fn chunks(
    events: impl Stream<Item = Item> + Send + 'static,
    id: RequestId,
    stop: CancellationToken,
) -> impl Stream<Item = Bytes> + Send {
    let batches = Box::pin(events.ready_chunks(BATCH_MAX));
    stream::unfold(Some((batches, id, stop)), |open| async {
        let (mut batches, id, stop) = open?;
        let batch = tokio::select! {
            // Events that are there already go out before the end.
            biased;
            batch = batches.next() => batch?,
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(QUIET_MAX) => return Some((QUIET, Some((batches, id, stop)))),
        };
        let (chunk, end) = frames(batch, &id);
        Some((chunk, matches!(end, End::Open).then_some((batches, id, stop))))
    })
}

/// Whether more can follow.
enum End {
    Open,
    Last,
}

/// The frames of a batch, up to the one that ends the stream.
fn frames(batch: Vec<Item>, id: &RequestId) -> (Bytes, End) {
    let mut chunk = BytesMut::with_capacity(batch.len() * 256);
    for item in batch {
        match item {
            Ok(Live::Delta(delta)) => write(&mut chunk, None, DELTA, &delta),
            Ok(Live::Entry(event)) => {
                write(&mut chunk, Some(event.seq), &event.kind, &event);
                if event.is_last() {
                    return (chunk.freeze(), End::Last);
                }
            }
            Err(problem) => {
                write(&mut chunk, None, PROBLEM, &ProblemBody::new(problem, id.as_str()));
                return (chunk.freeze(), End::Last);
            }
        }
    }
    (chunk.freeze(), End::Open)
}

/// One frame. JSON has no line breaks of its own, so the data is one line.
fn write(chunk: &mut BytesMut, id: Option<u64>, kind: &str, data: &impl serde::Serialize) {
    let mut writer = chunk.writer();
    let written = id
        .map_or(Ok(()), |id| writeln!(writer, "id: {id}"))
        .and_then(|()| write!(writer, "event: {kind}\ndata: "))
        .and_then(|()| Ok(serde_json::to_writer(&mut writer, data)?))
        .and_then(|()| writer.write_all(b"\n\n"));
    written.expect("memory takes every write, and the data has string keys only");
}

#[cfg(test)]
mod tests {
    use mainspring_api::event::{Delta, DeltaKind, EventView};
    use mainspring_types::{Code, StepId, Timestamp};

    use super::*;

    fn event(seq: u64, kind: &str) -> Live {
        let data = [("line".to_owned(), "a\nb".into())].into_iter().collect();
        Live::Entry(EventView { seq, at: Timestamp::from_millis(5), kind: kind.into(), data })
    }

    async fn sent(events: impl Stream<Item = Item> + Send + 'static, stop: CancellationToken) -> Vec<Bytes> {
        chunks(events, RequestId::from_cause("r1"), stop).collect().await
    }

    #[tokio::test]
    async fn what_is_ready_leaves_as_one_chunk_up_to_the_last_event() {
        let events = [event(1, "log"), event(2, "run.completed"), event(3, "log")].map(Ok);
        let sent = sent(stream::iter(events), CancellationToken::new()).await;
        assert_eq!(
            sent,
            [
                "id: 1\nevent: log\ndata: {\"seq\":1,\"at\":\"1970-01-01T00:00:00.005Z\",\"type\":\"log\",\"line\":\"a\\nb\"}\n\n\
              id: 2\nevent: run.completed\ndata: {\"seq\":2,\"at\":\"1970-01-01T00:00:00.005Z\",\"type\":\"run.completed\",\"line\":\"a\\nb\"}\n\n"
            ]
        );
    }

    #[tokio::test]
    async fn what_is_just_said_goes_between_without_an_id() {
        let step = StepId::new("main").expect("a name");
        let delta = Delta { step, turn: 1, call: 2, kind: DeltaKind::Text, text: "Hel".into() };
        let sent = sent(stream::iter([Ok(Live::Delta(delta))]), CancellationToken::new()).await;
        assert_eq!(
            sent,
            [
                "event: delta\ndata: {\"step\":\"main\",\"turn\":1,\"call\":2,\"kind\":\"text\",\"text\":\"Hel\"}\n\n"
            ]
        );
    }

    #[tokio::test]
    async fn a_problem_is_the_last_frame_and_has_no_id() {
        let events = [Ok(event(1, "log")), Err(Problem::new(Code::Internal, "broken")), Ok(event(2, "log"))];
        let sent = sent(stream::iter(events), CancellationToken::new()).await;
        let text = String::from_utf8_lossy(&sent[0]).into_owned();
        let (_, problem) = text.split_once("\n\n").expect("two frames");
        assert!(problem.starts_with("event: problem\ndata: {\"type\":\"/docs/errors/E1509\""), "{problem}");
        assert!(problem.contains("\"request_id\":\"r1\"") && problem.ends_with("}\n\n"), "{problem}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_is_kept_alive_until_the_server_stops() {
        let stop = CancellationToken::new();
        let events = stream::iter([Ok(event(1, "log"))]).chain(stream::pending());
        let mut chunks = Box::pin(chunks(events, RequestId::from_cause("r1"), stop.clone()));
        assert!(chunks.next().await.expect("an event").starts_with(b"id: 1\n"));
        for _ in 0..2 {
            assert_eq!(chunks.next().await.expect("a comment"), QUIET);
        }
        stop.cancel();
        assert_eq!(chunks.next().await, None);
    }
}
