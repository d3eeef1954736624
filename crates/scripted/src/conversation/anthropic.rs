//! Anthropic Messages.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Read, Role, items, text, text_of};

/// What Claude Code adds to what the user typed.
static REMINDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)<system-reminder>.*?</system-reminder>\s*").expect("a pattern of ours")
});

pub(super) fn read(body: &Value) -> Read {
    let mut read = Read { output_max: body["max_tokens"].as_u64(), ..Read::default() };
    read.system.push(text_of(&body["system"]));
    read.tools = items(&body["tools"]).iter().map(tool).collect();
    for message in items(&body["messages"]) {
        match text(&message["role"]) {
            "system" => read.system.push(text_of(&message["content"])),
            "assistant" => read.say(Role::Assistant, text_of(&message["content"])),
            _ => user(&message["content"], &mut read),
        }
    }
    read
}

fn tool(tool: &Value) -> String {
    tool.get("name").or_else(|| tool.get("type")).map(text).unwrap_or_default().to_owned()
}

/// A message of the user carries results of tools, words of the user, or both.
fn user(content: &Value, read: &mut Read) {
    let (results, rest): (Vec<_>, Vec<_>) =
        items(content).iter().partition(|block| block["type"] == "tool_result");
    if results.is_empty() {
        let said = text_of(content);
        let typed = typed(&said);
        return read.say(Role::User, if typed.is_empty() { said } else { typed });
    }
    let results: Vec<_> = results.iter().map(|result| text_of(&result["content"])).collect();
    read.say(Role::Tool, results.join("\n"));
    let rest = typed(&text_of(&rest.into_iter().cloned().collect()));
    if !rest.is_empty() {
        read.say(Role::User, rest);
    }
}

/// The text without reminders.
fn typed(text: &str) -> String {
    REMINDER.replace_all(text, "").trim().to_owned()
}
