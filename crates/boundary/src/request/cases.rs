//! The cases that break without a rule, in the words of each API.

mod keys;
mod lineage;
mod recorded;
mod shape;

use serde_json::{Value, json};

use super::{Asked, read};
use crate::route::Route;

const MESSAGES: &str = "/v1/messages";
const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const GEMINI: &str = "/v1beta/models/gemini-2.5-pro:generateContent";

#[track_caller]
fn asked(path: &str, body: &Value) -> Asked {
    let route = Route::of("POST", path).expect("a route");
    read(&route, body.to_string().as_bytes()).expect("a request")
}

#[track_caller]
fn same_key(path: &str, one: &Value, other: &Value) {
    assert_eq!(asked(path, one).key, asked(path, other).key, "{one}\n{other}");
}

#[track_caller]
fn other_key(path: &str, one: &Value, other: &Value) {
    assert_ne!(asked(path, one).key, asked(path, other).key, "{one}\n{other}");
}

/// Another key, and near nevertheless.
#[track_caller]
fn near(path: &str, one: &Value, other: &Value) {
    let (one, other) = (asked(path, one), asked(path, other));
    assert_ne!(one.key, other.key);
    assert_eq!((one.near, one.lineage), (other.near, other.lineage));
}

/// Another request altogether.
#[track_caller]
fn far(path: &str, one: &Value, other: &Value) {
    other_key(path, one, other);
    assert_ne!(asked(path, one).near, asked(path, other).near);
}

fn claude(messages: &Value) -> Value {
    json!({"model": "claude", "max_tokens": 100, "system": "Add.", "messages": messages})
}

fn chat(messages: &Value) -> Value {
    json!({"model": "gpt", "messages": messages})
}

fn responses(input: &Value) -> Value {
    json!({"model": "gpt", "instructions": "Add.", "input": input})
}

fn gemini(contents: &Value) -> Value {
    json!({"contents": contents})
}

/// The body with one more field.
fn with(mut body: Value, name: &str, value: &Value) -> Value {
    body[name] = value.clone();
    body
}

/// A conversation over Messages in which a tool was called under an id.
fn called(id: &str, arguments: &Value) -> Value {
    claude(&json!([
        {"role": "user", "content": "2 + 3?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "add", "input": arguments}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "5"}]},
    ]))
}
