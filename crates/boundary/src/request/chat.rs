//! `OpenAI` Chat Completions.

use super::{
    dialect::{Author, Dialect, Place, Rule},
    json::Object,
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["messages"],
    system: &[],
    output_max: &[&["max_completion_tokens"], &["max_tokens"]],
    rule,
    author: |message| Author::of(message, "assistant"),
    hosted,
};

fn rule(place: Place, name: &str, _: &Object<'_>) -> Rule {
    match (place, name) {
        (Place::Frame, _) => frame(name),
        (Place::Message | Place::Tools, "cache_control") => Rule::Caching,
        (Place::Message, "id" | "tool_call_id") => Rule::Tie,
        (Place::Message, "content" | "tool_calls" | "function_call" | "function" | "custom") => {
            Rule::In(Place::Message)
        }
        (Place::Message, "image_url") => Rule::Picture,
        (Place::Message, "input_audio" | "file") => Rule::Document,
        (Place::Message, "arguments" | "input" | "audio") => Rule::In(Place::Exact),
        (Place::Exact, _) => Rule::In(Place::Exact),
        _ => Rule::In(Place::Prose),
    }
}

/// The fields of the body that Chat and Responses have in common.
pub(super) fn frame(name: &str) -> Rule {
    match name {
        // Made anew by each process, or about caching and abuse alone: no answer depends on them.
        "client_metadata" | "prompt_cache_key" | "safety_identifier" | "user" => Rule::Volatile,
        // How usage is told is between the client and the gateway.
        "stream_options" => Rule::Volatile,
        "tools" | "functions" => Rule::In(Place::Tools),
        "instructions" => Rule::In(Place::Message),
        "metadata" => Rule::In(Place::Prose),
        _ => Rule::In(Place::Exact),
    }
}

fn hosted<'t>(tool: &'t Object<'_>) -> Option<&'t str> {
    tool.text("type").filter(|kind| !matches!(*kind, "function" | "custom"))
}
