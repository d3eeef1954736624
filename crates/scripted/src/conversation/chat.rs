//! OpenAI Chat Completions.

use serde_json::Value;

use super::{Read, Role, items, text, text_of};

pub(super) fn read(body: &Value) -> Read {
    let output_max = ["max_completion_tokens", "max_tokens"].iter().find_map(|name| body[name].as_u64());
    let mut read = Read { output_max, ..Read::default() };
    read.tools = items(&body["tools"]).iter().map(tool).collect();
    for message in items(&body["messages"]) {
        let said = text_of(&message["content"]);
        match text(&message["role"]) {
            "system" | "developer" => read.system.push(said),
            "tool" | "function" => read.say(Role::Tool, said),
            "assistant" => read.say(Role::Assistant, said),
            _ => read.say(Role::User, said),
        }
    }
    read
}

fn tool(tool: &Value) -> String {
    let inner = ["function", "custom"].iter().find_map(|kind| tool.get(kind)).unwrap_or(tool);
    text(&inner["name"]).to_owned()
}
