//! Gemini's `generateContent`, as a request: contents of two roles, whose parts carry the signatures they came with.

mod schema;
mod stream;

use serde_json::{Value, json};

use super::{Outgoing, arguments, effort_word, mark, set, some_list};
use crate::default::{Calls, Effort, ModelRequest, Part, Role, ToolSpec};

pub(super) use stream::event;

/// The field of a part's mark that holds what proves it.
const SIGNATURE: &str = "thoughtSignature";

/// What the provider documents in place of the signature of a call that another model made.
const UNSIGNED: &str = "skip_thought_signature_validator";

pub(super) fn encode(request: &ModelRequest) -> Outgoing {
    let era = Era::of(&request.model);
    let mut body = json!({"contents": contents(request, era)});
    let instructions = Some(&request.instructions).filter(|text| !text.is_empty());
    set(&mut body, "systemInstruction", instructions.map(|text| json!({"parts": [{"text": text}]})));
    let declared = some_list(request.tools.iter().map(tool).collect());
    let forbids = request.calls == Calls::Forbidden && declared.is_some();
    set(&mut body, "tools", declared.map(|declared| json!([{"functionDeclarations": declared}])));
    set(&mut body, "toolConfig", forbids.then(|| json!({"functionCallingConfig": {"mode": "NONE"}})));
    set(&mut body, "generationConfig", config(request, era));
    Outgoing::new(format!("/v1beta/models/{}:streamGenerateContent?alt=sse", escaped(&request.model)), &body)
}

/// What a model understands, by its generation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    /// Up to 2.5: a budget of tokens for thinking, and no schema for the answer beside tools.
    Budget,
    /// From 3 on: levels of thinking, and calls have to be signed.
    Level,
}

impl Era {
    fn of(model: &str) -> Self {
        let name = model.strip_prefix("models/").unwrap_or(model);
        if ["gemini-1", "gemini-2"].iter().any(|old| name.starts_with(old)) {
            Self::Budget
        } else {
            Self::Level
        }
    }
}

fn config(request: &ModelRequest, era: Era) -> Option<Value> {
    let options = &request.options;
    let mut config = json!({});
    set(&mut config, "maxOutputTokens", options.max_output_tokens);
    set(&mut config, "temperature", options.temperature);
    set(&mut config, "thinkingConfig", options.thinking.map(|effort| thinking(effort, era)));
    // An older model refuses a schema beside tools, even if it may not call them.
    let is_free = era == Era::Level || request.tools.is_empty();
    if let Some(schema) = request.output.as_ref().filter(|_| is_free) {
        config["responseMimeType"] = "application/json".into();
        config["responseSchema"] = schema::cleaned(schema);
    }
    Some(config).filter(|config| *config != json!({}))
}

fn thinking(effort: Effort, era: Era) -> Value {
    let budget = match effort {
        Effort::Low => 1_024,
        Effort::Medium => 8_192,
        Effort::High => 24_576,
    };
    match era {
        Era::Budget => json!({"includeThoughts": true, "thinkingBudget": budget}),
        Era::Level => json!({"includeThoughts": true, "thinkingLevel": effort_word(effort)}),
    }
}

fn tool(tool: &ToolSpec) -> Value {
    let mut declared = json!({"name": tool.name, "description": tool.description});
    let parameters = schema::cleaned(&tool.parameters);
    // An object without members is refused; a tool without parameters has no schema.
    let has_some = parameters["properties"].as_object().is_some_and(|members| !members.is_empty());
    set(&mut declared, "parameters", has_some.then_some(parameters));
    declared
}

/// The messages, those of one side in a row as one.
fn contents(request: &ModelRequest, era: Era) -> Vec<Value> {
    let mut contents: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        let role = if message.role == Role::Assistant { "model" } else { "user" };
        let mut parts: Vec<_> = message.parts.iter().filter_map(part).collect();
        if era == Era::Level {
            sign(&mut parts);
        }
        match contents.last_mut() {
            Some((last, before)) if *last == role => before.extend(parts),
            _ if parts.is_empty() => {}
            _ => contents.push((role, parts)),
        }
    }
    contents.into_iter().map(|(role, parts)| json!({"role": role, "parts": parts})).collect()
}

/// Signs the first call of a message, where another model made it: of calls made at once only the first is signed.
fn sign(parts: &mut [Value]) {
    let first = parts.iter_mut().find(|part| part.get("functionCall").is_some());
    if let Some(call) = first.filter(|call| call.get(SIGNATURE).is_none()) {
        call[SIGNATURE] = UNSIGNED.into();
    }
}

fn part(part: &Part) -> Option<Value> {
    let (mut sent, opaque) = match part {
        Part::Text { text, opaque } => (json!({"text": text}), opaque.as_ref()),
        Part::Thinking { text, opaque } => (json!({"text": text, "thought": true}), opaque.as_ref()),
        Part::Image { media, data } => (json!({"inlineData": {"mimeType": media, "data": data}}), None),
        Part::ToolUse { id, name, arguments, opaque } => {
            let args = arguments::object(arguments);
            (json!({"functionCall": {"id": id, "name": name, "args": args}}), opaque.as_ref())
        }
        Part::ToolResult { id, name, text, error } => {
            let response = if *error { json!({"error": text}) } else { json!({"result": text}) };
            (json!({"functionResponse": {"id": id, "name": name, "response": response}}), None)
        }
    };
    let signature = mark(opaque, SIGNATURE);
    // What is empty is refused, and thoughts are summaries that mean nothing to the model unless they are signed.
    let is_idle = matches!(part, Part::Thinking { .. }) || sent["text"] == "";
    if is_idle && signature.is_none() {
        return None;
    }
    set(&mut sent, SIGNATURE, signature);
    Some(sent)
}

/// The model's name as a part of a path.
fn escaped(model: &str) -> String {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'@' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    model.bytes().map(escape).collect()
}
