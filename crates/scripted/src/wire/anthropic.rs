//! Anthropic Messages: one message, or the events that build it.

use serde_json::{Value, json};

use super::{ARGUMENT_LENGTH, Frame, Mark, SIGNATURE, Scene, THOUGHT_LENGTH};
use crate::{
    state::IdKind,
    utterance::{Stop, Usage, by_length},
};

pub(super) fn whole(scene: &Scene<'_>) -> Value {
    let mut message = shell(scene);
    message["content"] = blocks(scene).into();
    message["stop_reason"] = stop(&scene.said.stop).into();
    message["usage"] = usage(&scene.said.usage, scene.said.usage.output);
    message
}

/// The message before anything is said.
fn shell(scene: &Scene<'_>) -> Value {
    json!({
        "model": scene.talk.model, "id": scene.mint(IdKind::AnthropicMessage), "type": "message",
        "role": "assistant", "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": usage(&scene.said.usage, 1),
    })
}

fn blocks(scene: &Scene<'_>) -> Vec<Value> {
    let thinking = scene.said.thinking.iter();
    let thinking =
        thinking.map(|words| json!({"type": "thinking", "thinking": words, "signature": SIGNATURE}));
    let text = scene.said.has_text().then(|| json!({"type": "text", "text": scene.said.text()}));
    let calls = scene.said.calls.iter().map(|call| {
        let id = scene.call_id(call, IdKind::AnthropicCall);
        json!({"type": "tool_use", "id": id, "name": call.name, "input": call.arguments})
    });
    thinking.chain(text).chain(calls).collect()
}

fn usage(usage: &Usage, output: u64) -> Value {
    json!({
        "input_tokens": usage.fresh(), "cache_creation_input_tokens": usage.cache_creation,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_creation, "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output, "service_tier": "standard",
    })
}

fn stop(stop: &Stop) -> &str {
    match stop {
        Stop::Natural => "end_turn",
        Stop::Tool => "tool_use",
        Stop::Length => "max_tokens",
        Stop::Word(word) => word,
    }
}

pub(super) fn stream(scene: &Scene<'_>) -> Vec<Frame> {
    let mut frames = vec![event(&json!({"type": "message_start", "message": shell(scene)}))];
    for (index, block) in blocks(scene).iter().enumerate() {
        frames.push(event(
            &json!({"type": "content_block_start", "index": index, "content_block": opening(block)}),
        ));
        if index == 0 {
            frames.push(event(&json!({"type": "ping"})));
        }
        frames.extend(deltas(block, &scene.said.chunks).into_iter().map(|delta| {
            let data = json!({"type": "content_block_delta", "index": index, "delta": delta});
            Frame::event("content_block_delta", &data, Mark::Content)
        }));
        frames.push(event(&json!({"type": "content_block_stop", "index": index})));
    }
    frames.push(event(&message_delta(scene)));
    frames.push(Frame::event("message_stop", &json!({"type": "message_stop"}), Mark::End));
    frames
}

fn event(data: &Value) -> Frame {
    Frame::event(data["type"].as_str().unwrap_or_default(), data, Mark::Frame)
}

/// The block as it begins: of its kind, and empty.
fn opening(block: &Value) -> Value {
    let mut opening = block.clone();
    for (field, empty) in
        [("text", json!("")), ("thinking", json!("")), ("signature", json!("")), ("input", json!({}))]
    {
        if let Some(value) = opening.get_mut(field) {
            *value = empty;
        }
    }
    opening
}

fn deltas(block: &Value, chunks: &[String]) -> Vec<Value> {
    if let Some(words) = block["thinking"].as_str() {
        let parts = by_length(words, THOUGHT_LENGTH);
        let parts = parts.into_iter().map(|part| json!({"type": "thinking_delta", "thinking": part}));
        return parts.chain([json!({"type": "signature_delta", "signature": SIGNATURE})]).collect();
    }
    match block.get("input") {
        None => chunks.iter().map(|chunk| json!({"type": "text_delta", "text": chunk})).collect(),
        Some(input) => std::iter::once(String::new())
            .chain(by_length(&input.to_string(), ARGUMENT_LENGTH))
            .map(|part| json!({"type": "input_json_delta", "partial_json": part}))
            .collect(),
    }
}

fn message_delta(scene: &Scene<'_>) -> Value {
    let usage = &scene.said.usage;
    json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop(&scene.said.stop), "stop_sequence": null},
        "usage": {
            "input_tokens": usage.fresh(), "cache_creation_input_tokens": usage.cache_creation,
            "cache_read_input_tokens": usage.cached, "output_tokens": usage.output,
        },
    })
}
