//! The pieces that schemas are made of.

#![allow(clippy::needless_pass_by_value, reason = "what `json!` makes is given away")]

use serde_json::{Map, Value, json};

/// A field: its name and its schema, with a description in it.
pub(super) type Property = (&'static str, Value);

/// An object of these fields and no other.
pub(super) fn object(
    description: &str,
    required: &[&str],
    properties: impl IntoIterator<Item = Property>,
) -> Value {
    let properties: Map<String, Value> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut schema = json!({
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

pub(super) fn text(description: &str) -> Value {
    json!({"description": description, "type": "string", "minLength": 1})
}

pub(super) fn whole(description: &str, least: u64) -> Value {
    json!({"description": description, "type": "integer", "minimum": least})
}

pub(super) fn duration(description: &str) -> Value {
    let description = format!("{description} Such as 250ms, 30s, 5m, 2h, 1d or a number of seconds.");
    json!({"description": description, "type": ["string", "number"]})
}

pub(super) fn size(description: &str) -> Value {
    json!({"description": format!("{description} Such as 512MB or 2Gi."), "type": ["string", "integer"]})
}

/// One of the words of an enum.
pub(super) fn word<T>(description: &str, words: &[(&str, T)]) -> Value {
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    json!({"description": description, "enum": words})
}

pub(super) fn list(description: &str, items: Value) -> Value {
    json!({"description": description, "type": "array", "items": items})
}

/// A program and its arguments.
pub(super) fn program(description: &str) -> Value {
    let word = json!({"type": ["string", "number", "boolean"]});
    json!({"description": description, "type": "array", "items": word, "minItems": 1})
}

/// A map from names of any kind.
pub(super) fn map(description: &str, values: Value) -> Value {
    json!({"description": description, "type": "object", "additionalProperties": values})
}

pub(super) fn variables(description: &str) -> Value {
    map(description, json!({"type": ["string", "number", "boolean"]}))
}

/// What every definition says of itself.
pub(super) fn about() -> [Property; 5] {
    [
        ("kind", json!({"const": "Agent"})),
        ("name", text("The agent's name: letters, digits, `-`, `_` and `.`.")),
        ("version", json!({"description": "The version its author gives it.", "type": ["string", "number"]})),
        ("description", text("What the agent is for.")),
        (
            "trust",
            word("How far its code is trusted; decides the isolation it needs.", &crate::definition::TRUST),
        ),
    ]
}

/// What the kernel holds processes to.
pub(super) fn limits() -> [Property; 5] {
    [
        ("memory", size("Memory of all processes together.")),
        ("processes", whole("Processes and threads at once.", 1)),
        ("open_files", whole("Open files of one process.", 16)),
        ("file_size", size("The largest file a process may write.")),
        ("time", duration("Processor time of one process.")),
    ]
}
