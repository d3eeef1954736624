//! `OpenAI` Chat Completions.

use super::{
    dialect::{Author, Dialect, Place, Rule},
    json::Object,
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["messages"],
    system: &[],
    output_max: &[&["max_completion_tokens"], &["max_tokens"]],
    frame,
    message,
    author: |message| Author::of(message, "assistant"),
    hosted,
};

/// The fields of the body, as Chat, Responses and embeddings have them.
pub(super) fn frame(name: &str) -> Rule {
    match name {
        // Made anew by each process, or about caching and abuse alone: no answer depends on them.
        // The last is between the client and the gateway, which asks for usage in any case.
        "client_metadata" | "prompt_cache_key" | "safety_identifier" | "user" | "stream_options" => {
            Rule::Volatile
        }
        "tools" | "functions" => Rule::In(Place::Tools),
        "instructions" => Rule::In(Place::Message),
        "metadata" => Rule::In(Place::Prose),
        _ => Rule::In(Place::Exact),
    }
}

fn message(name: &str, _: &Object<'_>) -> Rule {
    match name {
        "id" | "tool_call_id" => Rule::Tie,
        "content" | "tool_calls" | "function_call" | "function" | "custom" => Rule::In(Place::Message),
        "image_url" => Rule::Picture,
        "input_audio" | "file" => Rule::Document,
        "arguments" | "input" | "audio" => Rule::In(Place::Exact),
        _ => Rule::In(Place::Prose),
    }
}

fn hosted<'t>(tool: &'t Object<'_>) -> Option<&'t str> {
    tool.text("type").filter(|kind| !matches!(*kind, "function" | "custom"))
}
