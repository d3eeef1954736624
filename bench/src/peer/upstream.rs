//! The provider's place: a bare server that answers every chat in the same words, as a document or as a stream.
//!
//! It is also the ceiling of `w4`: events made beforehand, one a chunk, nothing written down.

use std::{
    convert::Infallible,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    header,
};

use super::{Door, http};
use crate::load::{ANSWER, EVENTS, asks_for_stream};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The number of the next answer: providers never use an id twice.
static NEXT: AtomicU64 = AtomicU64::new(1);

pub(super) async fn open() -> Door {
    Door { url: http::listen(answer).await, tokens: Vec::new() }
}

async fn answer(request: Request<Incoming>) -> Response<Body> {
    let body = request.into_body().collect().await.expect("a whole request").to_bytes();
    if asks_for_stream(&body) { streamed() } else { whole() }
}

/// A document of 1 KB.
fn whole() -> Response<Body> {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let body = format!(
        r#"{{"id":"chatcmpl-{id:024}","object":"chat.completion","created":1790000000,"model":"bench","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":250,"completion_tokens":150,"total_tokens":400}},"service_tier":"default","system_fingerprint":"fp_bench"}}"#,
        *ANSWER
    );
    respond("application/json", Full::from(body).boxed_unsync())
}

/// A stream of so many words, each an event and a chunk of its own.
fn streamed() -> Response<Body> {
    static FRAMES: LazyLock<(Bytes, [Bytes; 3])> =
        LazyLock::new(|| (frame(r#"{"content":" word"}"#, "null", "null"), end("stop", EVENTS)));
    let (word, end) = &*FRAMES;
    let frames = std::iter::repeat_n(word, EVENTS).chain(end).cloned();
    let frames = stream::iter(frames.map(|frame| Ok(Frame::data(frame))));
    respond("text/event-stream", StreamBody::new(frames).boxed_unsync())
}

/// The last events of a stream: why it ends, and what it used.
pub(super) fn end(finish: &str, tokens: usize) -> [Bytes; 3] {
    let stop = frame("{}", &format!("\"{finish}\""), "null");
    let usage =
        format!(r#"{{"prompt_tokens":250,"completion_tokens":{tokens},"total_tokens":{}}}"#, 250 + tokens);
    [stop, frame("{}", "null", &usage), "data: [DONE]\n\n".into()]
}

/// One event of a stream.
pub(super) fn frame(delta: &str, finish: &str, usage: &str) -> Bytes {
    format!(
        "data: {{\"id\":\"chatcmpl-000000000000000000000000\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\
         \"model\":\"bench\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_bench\",\"choices\":[{{\"index\":0,\
         \"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":{usage}}}\n\n"
    )
    .into()
}

pub(super) fn respond(kind: &'static str, body: Body) -> Response<Body> {
    Response::builder().header(header::CONTENT_TYPE, kind).body(body).expect("a fixed head")
}
