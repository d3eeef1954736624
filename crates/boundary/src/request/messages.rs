//! Anthropic Messages, and the count of their tokens.

use super::{
    dialect::{Author, Dialect, Place, Rule},
    json::Object,
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["messages"],
    system: &["system"],
    output_max: &[&["max_tokens"]],
    rule,
    author: |message| Author::of(message, "assistant"),
    hosted,
};

fn rule(place: Place, name: &str, object: &Object<'_>) -> Rule {
    match (place, name) {
        (Place::Frame, "system") => Rule::In(Place::Message),
        (Place::Frame, "tools") => Rule::In(Place::Tools),
        (Place::Frame, "metadata") => Rule::In(Place::Metadata),
        (Place::Frame, _) => Rule::In(Place::Exact),
        // Claude Code puts a new id of its process there.
        (Place::Metadata, "user_id") => Rule::Volatile,
        // The mark moves to the newest message with every turn.
        (Place::Message | Place::Tools, "cache_control") => Rule::Caching,
        (Place::Message, "id" | "tool_use_id") => Rule::Tie,
        (Place::Message, "content") => Rule::In(Place::Message),
        (Place::Message, "source") if object.text("type") == Some("image") => Rule::Picture,
        (Place::Message, "source") => Rule::Document,
        (Place::Message, "input" | "signature" | "data" | "encrypted_content") => Rule::In(Place::Exact),
        (Place::Exact, _) => Rule::In(Place::Exact),
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
