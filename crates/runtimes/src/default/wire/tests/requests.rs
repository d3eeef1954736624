//! What is sent: one conversation with everything in it, in each format, and what single options change.

use insta::assert_snapshot;
use serde_json::json;

use super::{samples::called, *};
use crate::default::{Calls, Message, ModelOptions, Part, Role, ToolSpec};

/// A conversation with a picture, thoughts of every provider, two calls at once, a mistake and an output schema.
fn rich() -> ModelRequest {
    ModelRequest {
        model: "m".to_owned(),
        instructions: "Look closely.".to_owned(),
        messages: vec![
            Message {
                role: Role::User,
                parts: vec![
                    Part::text("What is this?"),
                    Part::Image { media: "image/png".to_owned(), data: "iVBORw==".to_owned() },
                ],
            },
            Message { role: Role::Assistant, parts: thoughts_and_calls() },
            Message {
                role: Role::Tool,
                parts: vec![result("t1", "zoom", "a cat", false), result("t2", "zom", "no such tool", true)],
            },
            Message::user("Go on."),
        ],
        tools: vec![ToolSpec {
            name: "zoom".to_owned(),
            description: "Shows a part of it.".to_owned(),
            parameters: json!({
                "type": "object", "additionalProperties": false, "required": ["x"],
                "properties": {"x": {"type": "integer"}, "unit": {"enum": ["px", "cm"]}},
            }),
        }],
        calls: Calls::Allowed,
        options: ModelOptions {
            max_output_tokens: Some(4_000),
            temperature: Some(0.2),
            thinking: Some(Effort::Low),
        },
        output: Some(json!({
            "type": "object", "properties": {"animal": {"type": "string"}}, "required": ["animal"],
        })),
    }
}

fn thoughts_and_calls() -> Vec<Part> {
    let thought = |opaque| Part::Thinking { text: "Hm.".to_owned(), opaque: Some(opaque) };
    vec![
        thought(json!({"member": "reasoning_content"})),
        thought(json!({"signature": "c2ln"})),
        Part::Thinking { text: String::new(), opaque: Some(json!({"redacted": "ZGF0YQ=="})) },
        Part::text("I zoom."),
        called("t1", "zoom", json!({"x": 1}), Some(json!({"thoughtSignature": "c2ln"}))),
        called("t2", "zom", json!("{\"x\": "), None),
    ]
}

fn result(id: &str, name: &str, text: &str, error: bool) -> Part {
    Part::ToolResult { id: id.to_owned(), name: name.to_owned(), text: text.to_owned(), error }
}

/// The request as people read it.
fn shown(family: Family, request: &ModelRequest) -> String {
    let Outgoing { path, headers, body } = encode(family, request);
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body: Value = serde_json::from_str(&body).expect("JSON");
    format!("POST {path}\n{}\n\n{body:#}", headers.join("\n"))
}

fn body(family: Family, request: &ModelRequest) -> Value {
    serde_json::from_str(&encode(family, request).body).expect("JSON")
}

#[test]
fn a_rich_conversation_in_every_format() {
    for (family, model) in
        [(Family::OpenAi, "gpt-5"), (Family::Anthropic, "claude-opus-5"), (Family::Gemini, "gemini-3-pro")]
    {
        let request = ModelRequest { model: model.to_owned(), ..rich() };
        assert_snapshot!(family.as_str(), shown(family, &request));
    }
}

#[test]
fn equal_requests_have_equal_bytes_even_when_they_were_stored() {
    for family in Family::ALL {
        let stored = serde_json::to_string(&rich()).expect("requests are JSON");
        let restored: ModelRequest = serde_json::from_str(&stored).expect("it is what was stored");
        assert_eq!(encode(family, &restored), encode(family, &rich()), "{family:?}");
    }
}

#[test]
fn where_calls_are_forbidden_the_tools_are_still_declared() {
    let request = ModelRequest { calls: Calls::Forbidden, ..rich() };
    for (family, pointer, word) in [
        (Family::OpenAi, "/tool_choice", "none"),
        (Family::Anthropic, "/tool_choice/type", "none"),
        (Family::Gemini, "/toolConfig/functionCallingConfig/mode", "NONE"),
    ] {
        let body = body(family, &request);
        assert_eq!(body.pointer(pointer), Some(&json!(word)), "{family:?}");
        assert_eq!(body["tools"].as_array().map(Vec::len), Some(1), "{family:?}");
    }
}

#[test]
fn messages_declare_called_tools_when_none_is_left() {
    let body = body(Family::Anthropic, &ModelRequest { tools: Vec::new(), ..rich() });
    let named = |name| json!({"name": name, "input_schema": {"type": "object"}});
    assert_eq!(body["tools"], json!([named("zoom"), named("zom")]));
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
}

#[test]
fn a_bare_question_is_a_bare_request() {
    let request = ModelRequest {
        instructions: String::new(),
        messages: vec![Message::user("Hi")],
        tools: Vec::new(),
        options: ModelOptions::default(),
        output: None,
        ..rich()
    };
    assert_snapshot!(encode(Family::OpenAi, &request).body, @r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}"#);
    assert_snapshot!(encode(Family::Anthropic, &request).body, @r#"{"model":"m","max_tokens":8192,"stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#);
    assert_snapshot!(encode(Family::Gemini, &request).body, @r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}"#);
}

#[test]
fn an_older_model_is_told_to_think_in_its_own_words() {
    let with = |model: &str| ModelRequest { model: model.to_owned(), ..rich() };
    let claude = body(Family::Anthropic, &with("claude-haiku-4-5"));
    assert_eq!(claude["thinking"], json!({"type": "enabled", "budget_tokens": 2_000}));
    assert_eq!((&claude["max_tokens"], &claude["output_config"]), (&json!(4_000), &Value::Null));
    let gemini = body(Family::Gemini, &with("gemini-2.5-flash"));
    let config = &gemini["generationConfig"];
    assert_eq!(config["thinkingConfig"], json!({"includeThoughts": true, "thinkingBudget": 1_024}));
    assert_eq!(config["responseSchema"], Value::Null, "tools and a schema exclude each other");
}

#[test]
fn messages_that_hold_nothing_for_a_provider_are_left_out() {
    let hidden = Part::Thinking { text: "Hm.".to_owned(), opaque: None };
    let request = ModelRequest {
        messages: vec![
            Message::user("a"),
            Message { role: Role::Assistant, parts: vec![hidden, Part::text("")] },
            Message::user("b"),
        ],
        ..rich()
    };
    assert_eq!(body(Family::OpenAi, &request)["messages"].as_array().map(Vec::len), Some(3));
    assert_eq!(body(Family::Anthropic, &request)["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(body(Family::Gemini, &request)["contents"].as_array().map(Vec::len), Some(1));
}

#[test]
fn gemini_is_told_that_another_model_made_a_call() {
    let call = called("t1", "zoom", json!({}), None);
    let request = ModelRequest {
        model: "gemini-3-pro".to_owned(),
        messages: vec![
            Message::user("a"),
            Message { role: Role::Assistant, parts: vec![call.clone(), call] },
        ],
        ..rich()
    };
    let body = body(Family::Gemini, &request);
    assert_eq!(
        body.pointer("/contents/1/parts/0/thoughtSignature"),
        Some(&json!("skip_thought_signature_validator"))
    );
    assert_eq!(body.pointer("/contents/1/parts/1/thoughtSignature"), None);
}

#[test]
fn a_models_name_cannot_change_the_path() {
    let request = ModelRequest { model: "models/a b?c#d:e".to_owned(), ..rich() };
    let path = "/v1beta/models/a%20b%3Fc%23d:e:streamGenerateContent?alt=sse";
    assert_eq!(encode(Family::Gemini, &request).path, path);
}
