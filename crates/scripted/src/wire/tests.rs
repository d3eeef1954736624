//! The shapes on the wire, API by API: as one document and as a stream.
//!
//! One script speaks, reasons and calls a tool; the providers' own Python clients read answers of these shapes.

use insta::assert_snapshot;
use mainspring_types::Timestamp;
use serde_json::{Value, json};

use crate::{Ids, Reply, Script, State, Wanted};

const SCRIPT: &str = r#"
models: [one, two]
rules:
  - reply:
      text: "Let me add these."
      thinking: "A sum."
      tool_calls: [{name: add, arguments: {a: 2, b: 3}}]
      usage: {input_tokens: 100, cached_tokens: 40, cache_creation_tokens: 10, output_tokens: 30, thinking_tokens: 5}
"#;

fn ask(script: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let (script, state) = (Script::parse(script, "script").expect("a script"), State::new(Ids::Counting));
    let body = body.to_string();
    let now = Timestamp::from_millis(1_767_225_600_000);
    script.answer(&state, &Wanted { method, path, headers, body: body.as_bytes(), now })
}

fn post(path: &str, body: &Value) -> String {
    shown(&ask(SCRIPT, "POST", path, &[], body))
}

/// The head and the body; documents are indented.
fn shown(reply: &Reply) -> String {
    let headers: Vec<_> = reply.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = String::from_utf8(reply.body().to_vec()).expect("text");
    let body = match serde_json::from_str::<Value>(&body) {
        Ok(document) => format!("{document:#}"),
        Err(_) => body.trim_end().replace('\r', "␍"),
    };
    format!("{}\n{}\n\n{body}", reply.status, headers.join("\n"))
}

fn streamed() -> Value {
    json!({"model": "one", "stream": true, "stream_options": {"include_usage": true}})
}

#[test]
fn anthropic_messages() {
    assert_snapshot!("anthropic_document", post("/v1/messages", &json!({"model": "one"})));
    assert_snapshot!("anthropic_stream", post("/v1/messages", &streamed()));
}

#[test]
fn openai_chat() {
    assert_snapshot!("chat_document", post("/v1/chat/completions", &json!({"model": "one"})));
    assert_snapshot!("chat_stream", post("/v1/chat/completions", &streamed()));
}

#[test]
fn openai_responses() {
    assert_snapshot!("responses_document", post("/v1/responses", &json!({"model": "one", "input": "x"})));
    assert_snapshot!("responses_stream", post("/v1/responses", &streamed()));
}

#[test]
fn gemini_generate() {
    let stream = "/v1beta/models/one:streamGenerateContent";
    assert_snapshot!("gemini_document", post("/v1beta/models/one:generateContent", &json!({})));
    assert_snapshot!("gemini_stream", post(&format!("{stream}?alt=sse"), &json!({})));
    let array = ask(SCRIPT, "POST", stream, &[], &json!({}));
    let array: Vec<Value> = serde_json::from_slice(&array.body()).expect("without `alt=sse` it is one array");
    assert_eq!(array.len(), 5);
}

#[test]
fn token_counts() {
    let count = |path, body| post(path, &body).lines().skip(4).collect::<String>().replace("  ", "");
    let anthropic = json!({"messages": [{"role": "user", "content": "four, and four"}]});
    assert_eq!(count("/v1/messages/count_tokens", anthropic), r#"{"input_tokens": 4}"#);
    let gemini = json!({"contents": [{"parts": [{"text": "four"}]}]});
    assert_eq!(
        count("/v1beta/models/one:countTokens", gemini),
        r#"{"totalTokens": 1,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 1}]}"#
    );
}

#[test]
fn embeddings_are_of_length_one_and_follow_from_the_text() {
    let body = json!({"model": "e", "input": ["a", "b", "a"], "dimensions": 8});
    let reply = ask(SCRIPT, "POST", "/v1/embeddings", &[], &body);
    let answer: Value = serde_json::from_slice(&reply.body()).expect("JSON");
    let vector = |index: usize| -> Vec<f64> {
        let numbers = answer["data"][index]["embedding"].as_array().expect("a list");
        numbers.iter().map(|number| number.as_f64().expect("a number")).collect()
    };
    assert!((vector(0).iter().map(|number| number * number).sum::<f64>() - 1.0).abs() < 1e-6);
    assert!(vector(0) == vector(2) && vector(0) != vector(1) && vector(0).len() == 8);
}

#[test]
fn lists_of_models_are_in_the_shape_of_who_asks() {
    let list = |path, headers: &[_]| shown(&ask(SCRIPT, "GET", path, headers, &Value::Null));
    assert_snapshot!("models_openai", list("/v1/models", &[]));
    assert_snapshot!("models_anthropic", list("/v1/models", &[("anthropic-version", "2023-06-01")]));
    assert_snapshot!("models_gemini", list("/v1beta/models", &[]));
    assert!(list("/v1/models/three", &[]).starts_with("404\n"));
}

#[test]
fn errors_are_in_the_shape_of_the_provider() {
    let script = "rules: [{reply: {error: {status: 429, message: slow down, retry_after: 2}}}]";
    let error = |path| {
        let reply = ask(script, "POST", path, &[], &json!({}));
        let wait = reply.headers.iter().find(|(name, _)| name == "retry-after").expect("a hint");
        format!("{} {} {}", reply.status, wait.1, String::from_utf8_lossy(&reply.body()))
    };
    assert_snapshot!(error("/v1/messages"), @r#"429 2 {"type":"error","error":{"type":"rate_limit_error","message":"slow down"},"request_id":"req_011000000000000000000001"}"#);
    assert_snapshot!(error("/v1/chat/completions"), @r#"429 2 {"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#);
    assert_snapshot!(error("/v1beta/models/m:generateContent"), @r#"429 2 {"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}"#);
}

#[test]
fn an_error_in_a_stream_is_an_event_of_the_provider() {
    let script = "rules: [{reply: {text: x, fault: {kind: error_event, after_chunks: 0}}}]";
    let last = |path| {
        let reply = ask(script, "POST", path, &[], &streamed());
        let last = reply.pieces.last().expect("an event").bytes.clone();
        String::from_utf8_lossy(&last).trim_end().to_owned()
    };
    assert_snapshot!(last("/v1/messages"), @r#"
    event: error
    data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}
    "#);
    assert_snapshot!(last("/v1/chat/completions"), @r#"data: {"error":{"message":"Overloaded","type":"server_error","param":null,"code":null}}"#);
    assert_snapshot!(last("/v1/responses"), @r#"
    event: error
    data: {"type":"error","sequence_number":4,"code":"server_error","message":"Overloaded","param":null}
    "#);
    assert_snapshot!(last("/v1beta/models/m:streamGenerateContent?alt=sse"), @r#"data: {"error":{"code":529,"message":"Overloaded","status":"UNAVAILABLE"}}"#);
}
