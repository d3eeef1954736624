//! `OpenAI` Responses.

use super::{
    chat,
    dialect::{Author, Dialect, Place, Rule},
    json::{Json, Object},
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["input"],
    // What an earlier answer or a stored conversation holds comes before the first item of this request.
    system: &["instructions", "prompt", "previous_response_id", "conversation"],
    output_max: &[&["max_output_tokens"]],
    frame: chat::frame,
    message,
    author,
    hosted,
};

fn message(name: &str, object: &Object<'_>) -> Rule {
    match name {
        // It is all that such an item says: another id is another content.
        "id" if is_reference(object) => Rule::In(Place::Exact),
        "id" | "call_id" | "approval_request_id" => Rule::Tie,
        "content" | "output" | "summary" => Rule::In(Place::Message),
        "image_url" | "result" => Rule::Picture,
        "file_id" if object.text("type") != Some("input_file") => Rule::Picture,
        "file_data" | "file_url" | "file_id" | "input_audio" => Rule::Document,
        "arguments" | "input" | "action" | "operation" | "code" | "encrypted_content" => {
            Rule::In(Place::Exact)
        }
        _ => Rule::In(Place::Prose),
    }
}

fn is_reference(item: &Object<'_>) -> bool {
    item.text("type") == Some("item_reference") || item.iter().len() == 1
}

/// Items are messages, what models do, and what came of it.
fn author(item: &Json<'_>) -> Author {
    match item.object().and_then(|item| item.text("type")) {
        None | Some("message") => Author::of(item, "assistant"),
        Some("mcp_approval_response") => Author::Agent,
        Some(kind) if kind.ends_with("_output") => Author::Agent,
        Some(_) => Author::Model,
    }
}

fn hosted<'t>(tool: &'t Object<'_>) -> Option<&'t str> {
    let kind = tool.text("type")?;
    let place = tool.get("environment").and_then(Json::object).and_then(|place| place.text("type"));
    let of_agent = match kind {
        "function" | "custom" | "namespace" | "tool_search" | "local_shell" | "apply_patch" => true,
        "shell" => place == Some("local"),
        _ => kind.starts_with("computer"),
    };
    (!of_agent).then_some(kind)
}
