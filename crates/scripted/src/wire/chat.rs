//! OpenAI Chat Completions: one completion, or its chunks and `[DONE]`.

use serde_json::{Value, json};

use super::{ARGUMENT_LENGTH, Frame, Mark, Scene};
use crate::{
    state::IdKind,
    utterance::{Stop, Usage, by_length},
};

pub(super) fn whole(scene: &Scene<'_>) -> Value {
    let content = scene.said.has_text().then(|| scene.said.text());
    let mut message = json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !scene.said.calls.is_empty() {
        message["tool_calls"] = calls(scene).into();
    }
    let finish = stop(&scene.said.stop);
    let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish});
    json!({
        "id": scene.mint(IdKind::Completion), "object": "chat.completion", "created": scene.seconds(),
        "model": scene.talk.model, "choices": [choice], "usage": usage(&scene.said.usage),
        "service_tier": "default", "system_fingerprint": "fp_scripted",
    })
}

fn calls(scene: &Scene<'_>) -> Vec<Value> {
    let call = |call| {
        let id = scene.call_id(call, IdKind::OpenAiCall);
        let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
        json!({"id": id, "type": "function", "function": function})
    };
    scene.said.calls.iter().map(call).collect()
}

fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input, "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.thinking, "audio_tokens": 0, "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

fn stop(stop: &Stop) -> &str {
    match stop {
        Stop::Natural => "stop",
        Stop::Tool => "tool_calls",
        Stop::Length => "length",
        Stop::Word(word) => word,
    }
}

pub(super) fn stream(scene: &Scene<'_>) -> Vec<Frame> {
    let chunk = Chunk::of(scene);
    let content = if scene.said.has_text() { json!("") } else { Value::Null };
    let opening = json!({"role": "assistant", "content": content, "refusal": null});
    let mut frames = vec![chunk.delta(&opening, None, Mark::Frame)];
    let words = scene.said.chunks.iter();
    frames.extend(words.map(|words| chunk.delta(&json!({"content": words}), None, Mark::Content)));
    for (index, call) in calls(scene).into_iter().enumerate() {
        frames.extend(call_frames(index, call, &chunk));
    }
    frames.push(chunk.delta(&json!({}), Some(stop(&scene.said.stop)), Mark::Frame));
    if chunk.wants_usage {
        frames.push(chunk.frame(vec![], usage(&scene.said.usage), Mark::Frame));
    }
    frames.push(Frame { bytes: "data: [DONE]\n\n".into(), mark: Mark::End });
    frames
}

/// A call begins with its name and goes on with its arguments.
fn call_frames(index: usize, mut call: Value, chunk: &Chunk) -> Vec<Frame> {
    let arguments = call["function"]["arguments"].take();
    call["function"]["arguments"] = "".into();
    call["index"] = index.into();
    let arguments = by_length(arguments.as_str().unwrap_or_default(), ARGUMENT_LENGTH);
    let arguments =
        arguments.into_iter().map(|part| json!({"index": index, "function": {"arguments": part}}));
    std::iter::once(call)
        .chain(arguments)
        .map(|part| chunk.delta(&json!({"tool_calls": [part]}), None, Mark::Content))
        .collect()
}

/// What the chunks of one stream have in common.
struct Chunk {
    common: Value,
    wants_usage: bool,
}

impl Chunk {
    fn of(scene: &Scene<'_>) -> Self {
        let common = json!({
            "id": scene.mint(IdKind::Completion), "object": "chat.completion.chunk",
            "created": scene.seconds(), "model": scene.talk.model, "service_tier": "default",
            "system_fingerprint": "fp_scripted",
        });
        Self { common, wants_usage: scene.talk.body["stream_options"]["include_usage"] == true }
    }

    fn delta(&self, delta: &Value, finish: Option<&str>, mark: Mark) -> Frame {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        self.frame(vec![choice], Value::Null, mark)
    }

    fn frame(&self, choices: Vec<Value>, usage: Value, mark: Mark) -> Frame {
        let mut data = self.common.clone();
        data["choices"] = choices.into();
        if self.wants_usage {
            data["usage"] = usage;
        }
        Frame::data(&data, mark)
    }
}
