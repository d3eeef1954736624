//! Anthropic Messages, and the count of their tokens.

use super::{
    dialect::{Author, Dialect, Place, Rule},
    json::Object,
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["messages"],
    system: &["system"],
    output_max: &[&["max_tokens"]],
    frame,
    message,
    author: |message| Author::of(message, "assistant"),
    hosted,
};

fn frame(name: &str) -> Rule {
    Rule::In(match name {
        "system" => Place::Message,
        "tools" => Place::Tools,
        "metadata" => Place::Metadata,
        _ => Place::Exact,
    })
}

fn message(name: &str, object: &Object<'_>) -> Rule {
    match name {
        "id" | "tool_use_id" => Rule::Tie,
        "content" => Rule::In(Place::Message),
        "source" if object.text("type") == Some("image") => Rule::Picture,
        "source" => Rule::Document,
        "input" | "signature" | "data" | "encrypted_content" => Rule::In(Place::Exact),
        _ => Rule::In(Place::Prose),
    }
}

/// Tools with a schema are the agent's. Of those defined by Anthropic some are carried out by the agent too, and the
/// search among tools acts on nothing but the request.
fn hosted<'t>(tool: &'t Object<'_>) -> Option<&'t str> {
    const OF_AGENTS: [&str; 6] = ["custom", "bash_", "text_editor_", "computer_", "memory_", "tool_search_"];
    let kind = tool.text("type")?;
    (!OF_AGENTS.iter().any(|start| kind.starts_with(start))).then_some(kind)
}
