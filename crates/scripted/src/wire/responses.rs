//! OpenAI Responses: one response, or the numbered events that build it.

use serde_json::{Value, json};

use super::{ARGUMENT_LENGTH, EVENTS, Frame, Kept, Mark, SIGNATURE, Scene, Stream, THOUGHT_LENGTH};
use crate::{
    conversation::items,
    state::IdKind,
    utterance::{Call, Stop, by_length},
};

pub(super) fn whole(scene: &Scene<'_>) -> (Value, Option<Kept>) {
    let (id, output) = (scene.mint(IdKind::Response), output(scene));
    let response = response(scene, &id, &output);
    (response, Some(Kept { id, output }))
}

/// The response as it is once everything has been said.
fn response(scene: &Scene<'_>, id: &str, output: &[Value]) -> Value {
    let usage = &scene.said.usage;
    let mut response = shell(scene, id);
    if let Some(reason) = incomplete(&scene.said.stop) {
        response["status"] = "incomplete".into();
        response["incomplete_details"] = json!({"reason": reason});
    } else {
        response["status"] = "completed".into();
    }
    response["output"] = output.into();
    response["usage"] = json!({
        "input_tokens": usage.input, "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.output, "output_tokens_details": {"reasoning_tokens": usage.thinking},
        "total_tokens": usage.input + usage.output,
    });
    response
}

/// The reason for which a response is incomplete, if it is; other words do not exist in this API.
fn incomplete(stop: &Stop) -> Option<&str> {
    match stop {
        Stop::Length => Some("max_output_tokens"),
        Stop::Word(word) if word == "content_filter" => Some(word),
        Stop::Natural | Stop::Tool | Stop::Word(_) => None,
    }
}

/// The response before anything is said.
fn shell(scene: &Scene<'_>, id: &str) -> Value {
    let body = &scene.talk.body;
    let given = |field: &str, absent: Value| body.get(field).cloned().unwrap_or(absent);
    json!({
        "id": id, "object": "response", "created_at": scene.seconds(), "status": "in_progress",
        "background": false, "error": null, "incomplete_details": null, "instructions": body["instructions"],
        "max_output_tokens": body["max_output_tokens"], "model": scene.talk.model, "output": [],
        "parallel_tool_calls": given("parallel_tool_calls", json!(true)),
        "previous_response_id": body["previous_response_id"],
        "reasoning": {"effort": body["reasoning"]["effort"], "summary": null},
        "service_tier": "default", "store": given("store", json!(true)),
        "temperature": given("temperature", json!(1.0)), "text": {"format": {"type": "text"}},
        "tool_choice": given("tool_choice", json!("auto")), "tools": given("tools", json!([])),
        "top_p": given("top_p", json!(1.0)), "truncation": "disabled", "usage": null, "user": null,
        "metadata": given("metadata", json!({})),
    })
}

fn output(scene: &Scene<'_>) -> Vec<Value> {
    let thinking = scene.said.thinking.iter().map(|words| reasoning(scene, words));
    let text = scene.said.has_text().then(|| {
        let part =
            json!({"type": "output_text", "annotations": [], "logprobs": [], "text": scene.said.text()});
        let id = scene.mint(IdKind::ResponseMessage);
        json!({"id": id, "type": "message", "status": "completed", "content": [part], "role": "assistant"})
    });
    let calls = scene.said.calls.iter().map(|call| call_item(scene, call));
    thinking.chain(text).chain(calls).collect()
}

fn reasoning(scene: &Scene<'_>, words: &str) -> Value {
    let summary = json!({"type": "summary_text", "text": words});
    let mut item =
        json!({"id": scene.mint(IdKind::ResponseReasoning), "type": "reasoning", "summary": [summary]});
    if items(&scene.talk.body["include"]).iter().any(|wish| wish == "reasoning.encrypted_content") {
        item["encrypted_content"] = SIGNATURE.into();
    }
    item
}

fn call_item(scene: &Scene<'_>, call: &Call) -> Value {
    let custom = |tool: &Value| tool["type"] == "custom" && tool["name"] == call.name.as_str();
    let is_custom = call.input.is_some() || items(&scene.talk.body["tools"]).iter().any(custom);
    let (kind, field, id) = if is_custom {
        ("custom_tool_call", "input", IdKind::ResponseCustom)
    } else {
        ("function_call", "arguments", IdKind::ResponseFunction)
    };
    let argument = call.input.clone().unwrap_or_else(|| call.arguments.to_string());
    let mut item = json!({
        "id": scene.mint(id), "type": kind, "status": "completed", field: argument,
        "call_id": scene.call_id(call, IdKind::OpenAiCall), "name": call.name,
    });
    if let Some(namespace) = &call.namespace {
        item["namespace"] = namespace.as_str().into();
    }
    item
}

pub(super) fn stream(scene: &Scene<'_>) -> Stream {
    let (id, output) = (scene.mint(IdKind::Response), output(scene));
    let mut events = Events::default();
    for kind in ["response.created", "response.in_progress"] {
        events.push(kind, json!({"response": shell(scene, &id)}), Mark::Frame);
    }
    for (index, item) in output.iter().enumerate() {
        events.item(index, item, &scene.said.chunks);
    }
    let response = response(scene, &id, &output);
    let last = if response["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    events.push(last, json!({"response": response}), Mark::End);
    Stream { media: EVENTS, frames: events.frames, kept: Some(Kept { id, output }) }
}

/// The events so far; each carries its number.
#[derive(Default)]
struct Events {
    frames: Vec<Frame>,
}

impl Events {
    fn push(&mut self, kind: &str, fields: Value, mark: Mark) {
        let mut data = json!({"type": kind, "sequence_number": self.frames.len()});
        if let (Value::Object(data), Value::Object(fields)) = (&mut data, fields) {
            data.extend(fields);
        }
        self.frames.push(Frame::event(kind, &data, mark));
    }

    /// An item from `added` to `done`.
    fn item(&mut self, index: usize, item: &Value, chunks: &[String]) {
        let added = json!({"output_index": index, "item": opening(item)});
        self.push("response.output_item.added", added, Mark::Frame);
        let place = |field: &str, at: usize, name: &str, value: Value| {
            let mut place = json!({"item_id": item["id"], "output_index": index});
            if !field.is_empty() {
                place[field] = at.into();
            }
            place[name] = value;
            place
        };
        match item["type"].as_str() {
            Some("message") => self.message(&item["content"][0], chunks, place),
            Some("reasoning") => self.reasoning(&item["summary"][0], place),
            Some("custom_tool_call") => self.call("custom_tool_call_input", "input", item, place),
            _ => self.call("function_call_arguments", "arguments", item, place),
        }
        let done = json!({"output_index": index, "item": item});
        self.push("response.output_item.done", done, Mark::Frame);
    }

    fn message(
        &mut self,
        part: &Value,
        chunks: &[String],
        place: impl Fn(&str, usize, &str, Value) -> Value,
    ) {
        let of = |name: &str, value: Value| place("content_index", 0, name, value);
        let words = |name: &str, text: Value| {
            let mut fields = of(name, text);
            fields["logprobs"] = json!([]);
            fields
        };
        let mut empty = part.clone();
        empty["text"] = "".into();
        self.push("response.content_part.added", of("part", empty), Mark::Frame);
        for chunk in chunks {
            self.push("response.output_text.delta", words("delta", json!(chunk)), Mark::Content);
        }
        self.push("response.output_text.done", words("text", part["text"].clone()), Mark::Frame);
        self.push("response.content_part.done", of("part", part.clone()), Mark::Frame);
    }

    fn reasoning(&mut self, part: &Value, place: impl Fn(&str, usize, &str, Value) -> Value) {
        let of = |name: &str, value: Value| place("summary_index", 0, name, value);
        let empty = json!({"type": "summary_text", "text": ""});
        self.push("response.reasoning_summary_part.added", of("part", empty), Mark::Frame);
        for words in by_length(part["text"].as_str().unwrap_or_default(), THOUGHT_LENGTH) {
            self.push("response.reasoning_summary_text.delta", of("delta", json!(words)), Mark::Content);
        }
        self.push("response.reasoning_summary_text.done", of("text", part["text"].clone()), Mark::Frame);
        self.push("response.reasoning_summary_part.done", of("part", part.clone()), Mark::Frame);
    }

    fn call(
        &mut self,
        stem: &str,
        field: &str,
        item: &Value,
        place: impl Fn(&str, usize, &str, Value) -> Value,
    ) {
        for part in by_length(item[field].as_str().unwrap_or_default(), ARGUMENT_LENGTH) {
            self.push(&format!("response.{stem}.delta"), place("", 0, "delta", json!(part)), Mark::Content);
        }
        self.push(&format!("response.{stem}.done"), place("", 0, field, item[field].clone()), Mark::Frame);
    }
}

/// The item as it begins: of its kind, in progress and empty.
fn opening(item: &Value) -> Value {
    let mut opening = item.clone();
    let empty =
        [("content", json!([])), ("summary", json!([])), ("arguments", json!("")), ("input", json!(""))];
    for (field, empty) in empty.into_iter().chain([("status", json!("in_progress"))]) {
        if let Some(value) = opening.get_mut(field) {
            *value = empty;
        }
    }
    opening
}
