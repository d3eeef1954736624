//! Anthropic's Messages, as a request: user and assistant take turns, and the results of all calls of one turn stand in
//! one message.

mod stream;
mod thinking;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Outgoing, arguments, mark, schema, set, some_list};
use crate::default::{Calls, ModelRequest, Part, Role, ToolSpec};

pub(super) use stream::Stream;

/// The field of a thought's mark that holds what proves it.
const SIGNATURE: &str = "signature";
/// The field of a thought's mark that holds a thought the provider does not show.
const REDACTED: &str = "redacted";

/// The version of the format.
const VERSION: &str = "2023-06-01";

pub(super) fn encode(request: &ModelRequest) -> Outgoing {
    let (plan, options) = (thinking::Plan::of(request), &request.options);
    let tools = some_list(tools(request));
    let forbids = request.calls == Calls::Forbidden || request.tools.is_empty();
    let mut body = json!({"model": request.model, "max_tokens": plan.output_max, "stream": true});
    set(&mut body, "system", some_list(system(&request.instructions)));
    set(&mut body, "messages", Some(messages(request)));
    set(&mut body, "tool_choice", (forbids && tools.is_some()).then(|| json!({"type": "none"})));
    set(&mut body, "tools", tools);
    // A model that thinks has a temperature of its own, and refuses another.
    set(&mut body, "temperature", options.temperature.filter(|_| plan.thinking.is_none()));
    set(&mut body, "thinking", plan.thinking);
    let format = request.output.as_ref().filter(|_| plan.era == thinking::Era::Effort);
    let format =
        format.and_then(schema::closed).map(|schema| json!({"type": "json_schema", "schema": schema}));
    if plan.effort.is_some() || format.is_some() {
        body["output_config"] = json!({});
        set(&mut body["output_config"], "effort", plan.effort);
        set(&mut body["output_config"], "format", format);
    }
    let mut outgoing = Outgoing::new("/v1/messages", &body);
    outgoing.headers.push(("anthropic-version", VERSION.to_owned()));
    outgoing
}

/// The instructions, as the end of what the provider caches for every request of the conversation.
fn system(instructions: &str) -> Vec<Value> {
    let block = Some(instructions).filter(|text| !is_blank(text)).map(|text| cached(words(text)));
    block.into_iter().collect()
}

/// The tools. A conversation with calls is refused when none is declared, so that then the called ones are.
fn tools(request: &ModelRequest) -> Vec<Value> {
    if !request.tools.is_empty() {
        return request.tools.iter().map(tool).collect();
    }
    let mut seen = BTreeSet::new();
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let called = parts.filter_map(|part| match part {
        Part::ToolUse { name, .. } if seen.insert(name) => Some(name),
        _ => None,
    });
    called.map(|name| json!({"name": name, "input_schema": {"type": "object"}})).collect()
}

fn tool(tool: &ToolSpec) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
}

/// The messages, those of one side in a row as one, and the last block marked as the end of what is cached.
fn messages(request: &ModelRequest) -> Vec<Value> {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let blocks: Vec<_> = message.parts.iter().filter_map(block).collect();
        match turns.last_mut() {
            Some((last, before)) if *last == role => before.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => turns.push((role, blocks)),
        }
    }
    if let Some(("user", blocks)) = turns.last_mut()
        && let Some(last) = blocks.pop()
    {
        blocks.push(cached(last));
    }
    turns.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect()
}

fn block(part: &Part) -> Option<Value> {
    match part {
        Part::Text { text, .. } if is_blank(text) => None,
        Part::Text { text, .. } => Some(words(text)),
        Part::Thinking { text, opaque } => thought(text, opaque.as_ref()),
        Part::Image { media, data } => {
            let source = json!({"type": "base64", "media_type": media, "data": data});
            Some(json!({"type": "image", "source": source}))
        }
        Part::ToolUse { id, name, arguments, .. } => {
            let input = arguments::object(arguments);
            Some(json!({"type": "tool_use", "id": id, "name": name, "input": input}))
        }
        Part::ToolResult { id, text, error, .. } => {
            let mut result = json!({"type": "tool_result", "tool_use_id": id, "content": text});
            set(&mut result, "is_error", error.then_some(true));
            Some(result)
        }
    }
}

/// A thought of this provider, as it was; those of others it would refuse.
fn thought(text: &str, opaque: Option<&Value>) -> Option<Value> {
    if let Some(data) = mark(opaque, REDACTED) {
        return Some(json!({"type": "redacted_thinking", "data": data}));
    }
    let signature = mark(opaque, SIGNATURE)?;
    Some(json!({"type": "thinking", "thinking": text, "signature": signature}))
}

fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// The provider refuses text that is empty or nothing but white space.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn cached(mut block: Value) -> Value {
    block["cache_control"] = json!({"type": "ephemeral"});
    block
}
