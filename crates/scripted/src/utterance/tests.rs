//! What a reply says once it is filled in.

use serde_json::json;

use super::*;
use crate::api::Target;

fn talk(body: Value) -> Conversation {
    Conversation::read(&Target::of("/v1/chat/completions").expect("an API"), body)
}

fn said(spec: Value, body: Value) -> Utterance {
    let spec: Spec = serde_json::from_value(spec).expect("a reply");
    Utterance::of(&spec, &talk(body), &Variables::default())
}

#[test]
fn a_text_is_streamed_by_words_by_letters_or_by_repetition() {
    let chunks = |spec| said(spec, json!({})).chunks;
    assert_eq!(chunks(json!({"text": "one  two three\n"})), ["one  ", "two three\n"]);
    assert_eq!(chunks(json!({"text": "äbcde", "chunk_chars": 2})), ["äb", "cd", "e"]);
    assert_eq!(
        chunks(json!({"text": "tick tack tock ", "repeat": 2})),
        ["tick tack tock ", "tick tack tock "]
    );
    assert_eq!(chunks(json!({"chunks": ["a", "", "b"], "repeat": 2})), ["a", "b", "a", "b"]);
    assert!(chunks(json!({"text": ""})).is_empty());
}

#[test]
fn the_name_of_a_tool_may_be_its_ending_or_a_pattern() {
    let tools = ["sub", "mcp__calc__add", "add_two"].map(|name| json!({"function": {"name": name}}));
    let called = |name: &str| {
        let spec = json!({"tool_calls": [{"name": name}]});
        said(spec, json!({"tools": tools})).calls.remove(0).name
    };
    let names = ["*add", "^add_", "sub", "*mul", "other"].map(called);
    assert_eq!(names, ["mcp__calc__add", "add_two", "sub", "*mul", "other"]);
}

#[test]
fn the_output_stops_where_the_request_says() {
    let spec =
        json!({"text": "0123456789abcdef", "tool_calls": [{"name": "x"}], "usage": {"output_tokens": 90}});
    let cut = said(spec.clone(), json!({"max_tokens": 2}));
    assert_eq!((cut.text().as_str(), cut.usage.output, &cut.stop), ("01234567", 2, &Stop::Length));
    assert!(cut.calls.is_empty());
    let whole = said(spec.clone(), json!({"max_tokens": 90}));
    assert_eq!((whole.usage.output, whole.stop), (90, Stop::Tool));
    let mut deaf = spec;
    deaf["output_limit"] = "ignore".into();
    assert_eq!(said(deaf, json!({"max_tokens": 2})).usage.output, 90);
}

#[test]
fn tokens_are_told_or_estimated() {
    let estimated = said(json!({"text": "12345", "thinking": "1234"}), json!({"messages": []})).usage;
    assert_eq!((estimated.input, estimated.thinking, estimated.output), (1, 1, 3));
    let told = said(json!({"usage": {"input_tokens": 9, "cached_tokens": 4}}), json!({})).usage;
    assert_eq!((told.input, told.fresh()), (9, 5));
}
