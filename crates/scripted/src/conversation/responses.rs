//! OpenAI Responses.

use serde_json::Value;

use super::{Read, Role, items, text, text_of};

pub(super) fn read(body: &Value) -> Read {
    let mut read = Read { output_max: body["max_output_tokens"].as_u64(), ..Read::default() };
    read.system.push(text_of(&body["instructions"]));
    read.tools = items(&body["tools"]).iter().map(tool).collect();
    if let Some(said) = body["input"].as_str() {
        read.say(Role::User, said.to_owned());
    }
    for item in items(&body["input"]) {
        one(item, &mut read);
    }
    read
}

fn tool(tool: &Value) -> String {
    tool.get("name").or_else(|| tool.get("type")).map(text).unwrap_or_default().to_owned()
}

fn one(item: &Value, read: &mut Read) {
    let kind = item.get("type").map_or("message", text);
    match (kind, text(&item["role"])) {
        ("message", "system" | "developer") => read.system.push(text_of(&item["content"])),
        ("message", "user") => read.say(Role::User, text_of(&item["content"])),
        (kind, _) if kind.ends_with("_call_output") => read.say(Role::Tool, text_of(&item["output"])),
        _ => spoken(text_of(&item["content"]), read),
    }
}

/// The model's turn is one however many items it came in: reasoning, words and calls.
fn spoken(words: String, read: &mut Read) {
    match read.said.last_mut() {
        Some((Role::Assistant, said)) if said.is_empty() => *said = words,
        Some((Role::Assistant, said)) if !words.is_empty() => *said = format!("{said}\n{words}"),
        Some((Role::Assistant, _)) => {}
        _ => read.say(Role::Assistant, words),
    }
}
