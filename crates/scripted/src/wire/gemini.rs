//! Gemini: one answer, or a stream of answers that each hold a part.

use serde_json::{Value, json};

use super::{Frame, Mark, SIGNATURE, Scene, Stream};
use crate::{
    state::IdKind,
    utterance::{Stop, Usage},
};

/// How the parts of a stream are put on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// As events, which end their lines as HTTP does.
    Events,
    /// As the elements of one JSON array.
    Array,
}

impl Framing {
    /// The framing that the query of `path` asks for.
    fn of(path: &str) -> Self {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        if query.split('&').any(|pair| pair == "alt=sse") { Self::Events } else { Self::Array }
    }

    const fn media(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Array => "application/json; charset=UTF-8",
        }
    }

    fn frame(self, data: &Value, index: usize, mark: Mark) -> Frame {
        let bytes = match (self, index) {
            (Self::Events, _) => format!("data: {data}\r\n\r\n"),
            (Self::Array, 0) => format!("[{data}"),
            (Self::Array, _) => format!(",\r\n{data}"),
        };
        Frame { bytes: bytes.into(), mark }
    }
}

pub(super) fn whole(scene: &Scene<'_>) -> Value {
    let text = scene.said.has_text().then(|| json!({"text": scene.said.text()}));
    let parts: Vec<_> = thought(scene).into_iter().chain(text).chain(calls(scene)).collect();
    answer(scene, &scene.mint(IdKind::GeminiResponse), &parts, Some(stop(&scene.said.stop)))
}

pub(super) fn stream(scene: &Scene<'_>, path: &str) -> Stream {
    let framing = Framing::of(path);
    let id = scene.mint(IdKind::GeminiResponse);
    let words = scene.said.chunks.iter().map(|chunk| vec![json!({"text": chunk})]);
    let calls = Some(calls(scene)).filter(|calls| !calls.is_empty());
    let spoken = thought(scene).map(|part| vec![part]).into_iter().chain(words).chain(calls);
    let content = spoken.map(|parts| (answer(scene, &id, &parts, None), Mark::Content));
    let last = answer(scene, &id, &[json!({"text": ""})], Some(stop(&scene.said.stop)));
    let all = content.chain([(last, Mark::End)]).enumerate();
    let mut frames: Vec<_> = all.map(|(index, (data, mark))| framing.frame(&data, index, mark)).collect();
    if framing == Framing::Array {
        frames.push(Frame { bytes: "]".into(), mark: Mark::Frame });
    }
    Stream { media: framing.media(), frames, kept: None }
}

fn thought(scene: &Scene<'_>) -> Option<Value> {
    let words = scene.said.thinking.as_ref()?;
    Some(json!({"text": words, "thought": true, "thoughtSignature": SIGNATURE}))
}

fn calls(scene: &Scene<'_>) -> Vec<Value> {
    let call = |call| {
        let id = scene.call_id(call, IdKind::GeminiCall);
        json!({"functionCall": {"id": id, "name": call.name, "args": call.arguments}})
    };
    scene.said.calls.iter().map(call).collect()
}

fn answer(scene: &Scene<'_>, id: &str, parts: &[Value], finish: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = finish.into();
    }
    // What is still to be said has no tokens yet.
    let spoken = scene.said.usage.output.saturating_sub(scene.said.usage.thinking);
    let output = if finish.is_some() { spoken } else { spoken.min(1) };
    json!({
        "candidates": [candidate], "usageMetadata": usage(&scene.said.usage, output),
        "modelVersion": scene.talk.model, "responseId": id,
    })
}

/// What the tokens are; the reasoning is counted beside the answer.
fn usage(usage: &Usage, output: u64) -> Value {
    let mut told = json!({
        "promptTokenCount": usage.input, "candidatesTokenCount": output,
        "totalTokenCount": usage.input + usage.thinking + output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.input}],
    });
    for (field, tokens) in [("cachedContentTokenCount", usage.cached), ("thoughtsTokenCount", usage.thinking)]
    {
        if tokens > 0 {
            told[field] = tokens.into();
        }
    }
    told
}

fn stop(stop: &Stop) -> &str {
    match stop {
        Stop::Natural | Stop::Tool => "STOP",
        Stop::Length => "MAX_TOKENS",
        Stop::Word(word) => word,
    }
}
