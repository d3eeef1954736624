//! Gemini: answers, counts of tokens and vectors. Its servers read the names of fields in two spellings, so both are known here.

use super::{
    dialect::{Author, Dialect, Place, Rule},
    json::{Json, Object},
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["contents", "requests", "content"],
    system: &["systemInstruction", "system_instruction", "cachedContent", "cached_content"],
    output_max: &[
        &["generationConfig", "maxOutputTokens"],
        &["generationConfig", "max_output_tokens"],
        &["generation_config", "maxOutputTokens"],
        &["generation_config", "max_output_tokens"],
    ],
    frame,
    message,
    author: |content| Author::of(content, "model"),
    hosted,
};

fn frame(name: &str) -> Rule {
    Rule::In(match name {
        "systemInstruction" | "system_instruction" => Place::Message,
        "tools" => Place::Tools,
        _ => Place::Exact,
    })
}

fn message(name: &str, object: &Object<'_>) -> Rule {
    match name {
        "id" => Rule::Tie,
        "parts" | "functionCall" | "function_call" | "functionResponse" | "function_response" => {
            Rule::In(Place::Message)
        }
        "inlineData" | "inline_data" | "fileData" | "file_data" => media(object.get(name)),
        "args" | "executableCode" | "executable_code" | "thoughtSignature" | "thought_signature" => {
            Rule::In(Place::Exact)
        }
        _ => Rule::In(Place::Prose),
    }
}

fn media(value: Option<&Json<'_>>) -> Rule {
    let value = value.and_then(Json::object);
    let kind = value.and_then(|value| value.text("mimeType").or_else(|| value.text("mime_type")));
    if kind.is_some_and(|kind| kind.starts_with("image/")) { Rule::Picture } else { Rule::Document }
}

/// A tool is an object with one member that says what it is.
fn hosted<'t>(tool: &'t Object<'_>) -> Option<&'t str> {
    const OF_AGENTS: [&str; 4] =
        ["functionDeclarations", "function_declarations", "computerUse", "computer_use"];
    tool.iter().map(|(name, _)| name).find(|name| !OF_AGENTS.contains(name))
}
