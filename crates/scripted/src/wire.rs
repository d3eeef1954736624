//! What is said, in the shapes of the providers.

mod anthropic;
mod chat;
mod embeddings;
mod gemini;
mod models;
mod refusal;
mod responses;

use bytes::Bytes;
use mainspring_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    api::{Api, Family},
    conversation::Conversation,
    state::{IdKind, State},
    utterance::{Call, Utterance},
};

pub(crate) use embeddings::embeddings;
pub(crate) use models::{family, model, models};
pub(crate) use refusal::Refusal;

/// All that the shape of one answer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) talk: &'a Conversation,
    pub(crate) said: &'a Utterance,
    pub(crate) state: &'a State,
    pub(crate) now: Timestamp,
}

/// A part of a stream that makes sense on its own.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    pub(crate) mark: Mark,
}

/// What a frame is to delays and faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Something the model said.
    Content,
    /// The frame without which the answer is not whole.
    End,
    /// What surrounds the content.
    Frame,
}

/// A streamed answer, and the items to remember of it.
pub(crate) struct Stream {
    /// The media type.
    pub(crate) media: &'static str,
    pub(crate) frames: Vec<Frame>,
    pub(crate) kept: Option<Kept>,
}

/// An answer that later requests may refer to.
pub(crate) struct Kept {
    pub(crate) id: String,
    pub(crate) output: Vec<Value>,
}

/// The answer as one document.
pub(crate) fn whole(scene: &Scene<'_>) -> (Value, Option<Kept>) {
    match scene.talk.api {
        Api::Messages => (anthropic::whole(scene), None),
        Api::Responses => responses::whole(scene),
        Api::Generate => (gemini::whole(scene), None),
        _ => (chat::whole(scene), None),
    }
}

/// The answer as a stream; `path` says which kind of stream Gemini's is.
pub(crate) fn stream(scene: &Scene<'_>, path: &str) -> Stream {
    let events = |frames| Stream { media: EVENTS, frames, kept: None };
    match scene.talk.api {
        Api::Messages => events(anthropic::stream(scene)),
        Api::Responses => responses::stream(scene),
        Api::Generate => gemini::stream(scene, path),
        _ => events(chat::stream(scene)),
    }
}

/// What a token count answers.
pub(crate) fn count(api: Api, tokens: u64) -> Value {
    match api.family() {
        Family::Gemini => json!({
            "totalTokens": tokens,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}],
        }),
        Family::Anthropic | Family::OpenAi => json!({"input_tokens": tokens}),
    }
}

impl Scene<'_> {
    fn mint(&self, kind: IdKind) -> String {
        self.state.mint(kind)
    }

    fn call_id(&self, call: &Call, kind: IdKind) -> String {
        call.id.clone().unwrap_or_else(|| self.mint(kind))
    }

    fn seconds(&self) -> i64 {
        self.now.as_millis() / 1000
    }
}

impl Frame {
    fn event(name: &str, data: &Value, mark: Mark) -> Self {
        Self { bytes: format!("event: {name}\ndata: {data}\n\n").into(), mark }
    }

    fn data(data: &Value, mark: Mark) -> Self {
        Self { bytes: format!("data: {data}\n\n").into(), mark }
    }
}

const EVENTS: &str = "text/event-stream; charset=utf-8";

/// What the reasoning of a model is signed with: it says nothing, and clients only send it back.
const SIGNATURE: &str = "c2NyaXB0ZWQ=";

/// How many characters a part of the reasoning and of the arguments of a call has.
const THOUGHT_LENGTH: usize = 40;
const ARGUMENT_LENGTH: usize = 12;

#[cfg(test)]
mod tests;
