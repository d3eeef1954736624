//! Chat Completions, as a request: one list of messages, in which every result of a tool is a message of its own.

mod stream;

use serde_json::{Value, json};

use super::{Outgoing, arguments, effort_word, mark, schema, set, some_list};
use crate::default::{Calls, Message, ModelRequest, Part, Role, ToolSpec};

pub(super) use stream::Stream;

/// The field of a thought's mark: the member of the message in which the server wrote it, and wants it back.
const MEMBER: &str = "member";

pub(super) fn encode(request: &ModelRequest) -> Outgoing {
    let options = &request.options;
    let mut body = json!({
        "model": request.model, "messages": messages(request),
        "stream": true, "stream_options": {"include_usage": true},
    });
    set(&mut body, "tools", some_list(request.tools.iter().map(tool).collect()));
    let forbids = request.calls == Calls::Forbidden && !request.tools.is_empty();
    set(&mut body, "tool_choice", forbids.then_some("none"));
    set(&mut body, "max_completion_tokens", options.max_output_tokens);
    set(&mut body, "temperature", options.temperature);
    set(&mut body, "reasoning_effort", options.thinking.map(effort_word));
    let schema = request.output.as_ref().and_then(schema::closed);
    set(&mut body, "response_format", schema.as_ref().map(response_format));
    Outgoing::new("/v1/chat/completions", &body)
}

fn tool(tool: &ToolSpec) -> Value {
    let ToolSpec { name, description, parameters } = tool;
    json!({"type": "function", "function": {"name": name, "description": description, "parameters": parameters}})
}

fn response_format(schema: &Value) -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema}})
}

fn messages(request: &ModelRequest) -> Vec<Value> {
    let mut messages = Vec::new();
    if !request.instructions.is_empty() {
        messages.push(json!({"role": "system", "content": request.instructions}));
    }
    for message in &request.messages {
        match message.role {
            Role::Assistant => messages.extend(assistant(message)),
            Role::User | Role::Tool => {
                messages.extend(message.parts.iter().filter_map(result));
                messages.extend(user(message));
            }
        }
    }
    messages
}

fn result(part: &Part) -> Option<Value> {
    let Part::ToolResult { id, text, .. } = part else { return None };
    Some(json!({"role": "tool", "tool_call_id": id, "content": text}))
}

/// What was said beside results. One text is sent as such: not every server reads lists.
fn user(message: &Message) -> Option<Value> {
    let content = match message.parts.as_slice() {
        [Part::Text { text, .. }] => Value::from(text.as_str()),
        parts => some_list(parts.iter().filter_map(content).collect())?.into(),
    };
    Some(json!({"role": "user", "content": content}))
}

fn content(part: &Part) -> Option<Value> {
    match part {
        Part::Text { text, .. } => Some(json!({"type": "text", "text": text})),
        Part::Image { media, data } => {
            let url = format!("data:{media};base64,{data}");
            Some(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        Part::Thinking { .. } | Part::ToolUse { .. } | Part::ToolResult { .. } => None,
    }
}

fn assistant(message: &Message) -> Option<Value> {
    let text = message.plain();
    let calls = some_list(message.parts.iter().filter_map(call).collect());
    if text.is_empty() && calls.is_none() {
        return None;
    }
    let content = if text.is_empty() { Value::Null } else { text.into() };
    let mut said = json!({"role": "assistant", "content": content});
    for (member, thought) in message.parts.iter().filter_map(thought) {
        let before = said[member].as_str().unwrap_or_default();
        said[member] = format!("{before}{thought}").into();
    }
    set(&mut said, "tool_calls", calls);
    Some(said)
}

/// A thought of a server of this format, and where it wants it back.
fn thought(part: &Part) -> Option<(&str, &str)> {
    let Part::Thinking { text, opaque } = part else { return None };
    let member = mark(opaque.as_ref(), MEMBER)?;
    stream::THOUGHTS.contains(&member).then_some((member, text))
}

fn call(part: &Part) -> Option<Value> {
    let Part::ToolUse { id, name, arguments, .. } = part else { return None };
    // Some servers read the arguments of earlier calls, and refuse the request when they are no JSON.
    let arguments = arguments::object(arguments).to_string();
    Some(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}))
}
