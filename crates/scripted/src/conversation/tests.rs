//! One conversation, as each provider's clients send it, reads the same.

use serde_json::json;

use super::*;

fn read(path: &str, body: Value) -> Conversation {
    Conversation::read(&Target::of(path).expect("an API"), body)
}

/// What rules see of a conversation.
fn seen(talk: &Conversation) -> String {
    let said: Vec<_> = talk.said.iter().map(|(role, text)| format!("{} `{text}`", role.as_str())).collect();
    let max = talk.output_max.unwrap_or(0);
    format!(
        "`{}` {:?} {max} {} turn {} step {}",
        talk.system,
        talk.tools,
        said.join(" "),
        talk.turn(),
        talk.step()
    )
}

const SEEN: &str = "`be kind` [\"add\"] 50 user `2+3` assistant `hm` tool `5` turn 1 step 1";

#[test]
fn anthropic() {
    let talk = read(
        "/v1/messages",
        json!({
            "model": "m", "max_tokens": 50, "system": [{"type": "text", "text": "be kind"}], "tools": [{"name": "add"}],
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "<system-reminder>be brief</system-reminder>"},
                    {"type": "text", "text": "2+3"}]},
                {"role": "assistant", "content": [
                    {"type": "text", "text": "hm"}, {"type": "tool_use", "id": "t", "name": "add", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "5"}]}]},
            ],
        }),
    );
    assert_eq!(seen(&talk), SEEN);
}

#[test]
fn openai_chat() {
    let talk = read(
        "/v1/chat/completions",
        json!({
            "model": "m", "max_completion_tokens": 50, "tools": [{"type": "function", "function": {"name": "add"}}],
            "messages": [
                {"role": "system", "content": "be kind"}, {"role": "user", "content": "2+3"},
                {"role": "assistant", "content": "hm", "tool_calls": [{"id": "t"}]},
                {"role": "tool", "tool_call_id": "t", "content": [{"type": "text", "text": "5"}]},
            ],
        }),
    );
    assert_eq!(seen(&talk), SEEN);
}

#[test]
fn openai_responses() {
    let talk = read(
        "/v1/responses",
        json!({
            "model": "m", "max_output_tokens": 50, "instructions": "be kind", "tools": [{"type": "function", "name": "add"}],
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "2+3"}]},
                {"type": "reasoning", "id": "r", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hm"}]},
                {"type": "function_call", "call_id": "t", "name": "add", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "t", "output": "5"},
            ],
        }),
    );
    assert_eq!(seen(&talk), SEEN);
    assert_eq!(read("/v1/responses", json!({"input": "2+3"})).last(Role::User), "2+3");
}

#[test]
fn gemini() {
    let talk = read(
        "/v1beta/models/m:generateContent",
        json!({
            "systemInstruction": {"parts": [{"text": "be kind"}]}, "generationConfig": {"maxOutputTokens": 50},
            "tools": [{"functionDeclarations": [{"name": "add"}]}],
            "contents": [
                {"role": "user", "parts": [{"text": "2+3"}]},
                {"role": "model", "parts": [{"text": "hm"}, {"functionCall": {"name": "add", "args": {}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "add", "response": {"result": 5}}}]},
            ],
        }),
    );
    assert_eq!(seen(&talk), SEEN);
    assert_eq!(talk.model, "m");
}

#[test]
fn what_a_user_says_beside_a_result_is_a_fresh_question() {
    let content = json!([{"type": "tool_result", "content": "5"}, {"type": "text", "text": "and now?"}]);
    let talk = read("/v1/messages", json!({"messages": [{"role": "user", "content": content}]}));
    assert_eq!((talk.last(Role::Tool), talk.last(Role::User), talk.step()), ("5", "and now?", 0));
}

#[test]
fn a_body_of_the_wrong_shape_says_nothing() {
    let talk = read("/v1/messages", json!({"messages": "x", "tools": 3, "system": true}));
    assert_eq!((talk.last_role(), talk.first_user(), talk.tools.len()), (None, "", 0));
}
