//! Gemini; fields may be in camel case, as the clients write them, or in snake case, as people do.

use serde_json::Value;

use super::{Read, Role, items, text, text_of};

pub(super) fn read(body: &Value) -> Read {
    let config = either(body, "generationConfig", "generation_config");
    let output_max = either(config, "maxOutputTokens", "max_output_tokens").as_u64();
    let mut read = Read { output_max, ..Read::default() };
    read.system.push(text_of(&either(body, "systemInstruction", "system_instruction")["parts"]));
    let declared = items(&body["tools"])
        .iter()
        .flat_map(|tool| items(either(tool, "functionDeclarations", "function_declarations")));
    read.tools = declared.map(|function| text(&function["name"]).to_owned()).collect();
    for content in items(&body["contents"]) {
        one(content, &mut read);
    }
    read
}

fn one(content: &Value, read: &mut Read) {
    let parts = &content["parts"];
    let results: Vec<_> = items(parts).iter().filter_map(result).collect();
    if content["role"] == "model" {
        read.say(Role::Assistant, text_of(parts));
    } else if results.is_empty() {
        read.say(Role::User, text_of(parts));
    } else {
        read.say(Role::Tool, results.join("\n"));
    }
}

/// What a tool returned. Clients wrap plain values as `{"result": VALUE}`, which is not what the tool said.
fn result(part: &Value) -> Option<String> {
    let response = &either(part, "functionResponse", "function_response").get("response")?;
    let plain = response.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("result"));
    Some(match plain.unwrap_or(response) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn either<'a>(value: &'a Value, camel: &str, snake: &str) -> &'a Value {
    value.get(camel).unwrap_or(&value[snake])
}
