//! What servers are known to do beside the format, and what must come of it.

use serde_json::{Value, json};

use super::{answer, samples::called};
use crate::default::{ModelAnswer, Part, Stop, wire::Family};

/// A stream of Chat Completions in which the model says these deltas.
fn chat(deltas: &[Value]) -> ModelAnswer {
    let events = deltas.iter().map(|delta| {
        let chunk = json!({"id": "chatcmpl-7", "choices": [{"index": 0, "delta": delta}]});
        format!("data: {chunk}\n\n")
    });
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    answer(Family::OpenAi, &(events.collect::<String>() + end)).expect("an answer")
}

/// An answer of Gemini's in one chunk.
fn generate(parts: &Value, reason: &str) -> ModelAnswer {
    let candidate = json!({"content": {"parts": parts}, "finishReason": reason});
    let chunk = json!({"responseId": "g-7", "candidates": [candidate]});
    answer(Family::Gemini, &format!("data: {chunk}\n\n")).expect("an answer")
}

/// An answer of Messages that is one block, with these deltas.
fn messages(block: &Value, deltas: &[Value], reason: &str) -> ModelAnswer {
    let deltas =
        deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": 0, "delta": delta}));
    let events = [
        json!({"type": "message_start", "message": {"id": "m"}}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
    ];
    let end = [
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": reason}}),
        json!({"type": "message_stop"}),
    ];
    let events = events.into_iter().chain(deltas).chain(end).map(|event| format!("data: {event}\n\n"));
    answer(Family::Anthropic, &events.collect::<String>()).expect("an answer")
}

#[test]
fn calls_are_told_apart_by_number_by_id_or_by_name() {
    let call = |index: Option<u64>, id: Option<&str>, name: Option<&str>, arguments: &str| json!({"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]});
    let two = |first: &str, second: &str| {
        vec![called(first, "a", json!({"x": 1}), None), called(second, "b", json!({}), None)]
    };
    let numbered = [
        call(Some(0), Some("i"), Some("a"), "{\"x\""),
        call(Some(0), Some("i"), Some("a"), ":1}"),
        call(Some(1), Some("j"), Some("b"), ""),
    ];
    assert_eq!(chat(&numbered).parts, two("i", "j"));
    let all_zero =
        [call(Some(0), Some("i"), Some("a"), "{\"x\":1}"), call(Some(0), Some("j"), Some("b"), "{}")];
    assert_eq!(chat(&all_zero).parts, two("i", "j"));
    let by_id = [
        call(None, Some("i"), Some("a"), "{\"x\""),
        call(None, None, None, ":1}"),
        call(None, Some("j"), Some("b"), "null"),
    ];
    assert_eq!(chat(&by_id).parts, two("i", "j"));
    let by_name = [call(None, None, Some("a"), "{\"x\":1}"), call(None, Some(""), Some("b"), " ")];
    assert_eq!(chat(&by_name).parts, two("call_chatcmpl7_0", "call_chatcmpl7_1"));
}

#[test]
fn calls_without_ids_of_their_own_get_the_same_ones_every_time() {
    let parts = json!([{"functionCall": {"name": "a", "args": {}}}, {"functionCall": {"name": "b"}}]);
    let said = generate(&parts, "STOP");
    assert_eq!(said.stop, Stop::Tools);
    assert_eq!(
        said.parts,
        [called("call_g7_0", "a", json!({}), None), called("call_g7_1", "b", json!({}), None)]
    );
    let twice =
        json!([{"functionCall": {"id": "x", "name": "a"}}, {"functionCall": {"id": "x", "name": "b"}}]);
    assert_eq!(generate(&twice, "STOP").parts[1], called("call_g7_1", "b", json!({}), None));
}

#[test]
fn arguments_that_are_no_object_stay_as_written() {
    let call = json!({"tool_calls": [{"index": 0, "id": "i", "function": {"name": "a", "arguments": "{\"x\": tru"}}]});
    assert_eq!(chat(&[call]).parts, [called("i", "a", json!("{\"x\": tru"), None)]);
    let block = json!({"type": "tool_use", "id": "i", "name": "a", "input": {}});
    let delta = json!({"type": "input_json_delta", "partial_json": "{\"x\": tru"});
    let said = messages(&block, &[delta], "max_tokens");
    assert_eq!((said.parts, said.stop), (vec![called("i", "a", json!("{\"x\": tru"), None)], Stop::Length));
}

#[test]
fn thoughts_come_in_either_member_and_once() {
    for (delta, member) in [
        (json!({"reasoning": "Hm."}), "reasoning"),
        (json!({"reasoning_content": "Hm.", "reasoning": "Hm."}), "reasoning_content"),
    ] {
        let thought = Part::Thinking { text: "Hm.".to_owned(), opaque: Some(json!({"member": member})) };
        assert_eq!(chat(&[delta]).parts, [thought]);
    }
}

#[test]
fn a_refusal_is_told_by_words_by_reason_or_by_the_prompt() {
    let said = chat(&[json!({"refusal": "I can't."})]);
    assert_eq!((said.parts, said.stop), (vec![Part::text("I can't.")], Stop::Refused));
    assert_eq!(generate(&json!([]), "SAFETY").stop, Stop::Refused);
    assert_eq!(generate(&json!([]), "MALFORMED_FUNCTION_CALL").stop, Stop::Other);
    assert_eq!(messages(&json!({"type": "text", "text": ""}), &[], "refusal").stop, Stop::Refused);
    let prompt = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":4}}\n\n";
    let said = answer(Family::Gemini, prompt).expect("an answer");
    assert_eq!((said.parts, said.stop, said.usage.input_tokens), (vec![], Stop::Refused, 4));
}

#[test]
fn a_signature_stays_with_its_own_part() {
    let parts = json!([{"text": "a"}, {"text": "b"}, {"text": "", "thoughtSignature": "s"}, {"text": "c"}]);
    let signed = Part::Text { text: String::new(), opaque: Some(json!({"thoughtSignature": "s"})) };
    assert_eq!(generate(&parts, "STOP").parts, [Part::text("ab"), signed, Part::text("c")]);
}

#[test]
fn a_block_may_come_whole_with_its_start_and_one_of_an_unknown_kind_is_passed_over() {
    let block = json!({"type": "tool_use", "id": "i", "name": "a", "input": {"x": 1}});
    assert_eq!(messages(&block, &[], "tool_use").parts, [called("i", "a", json!({"x": 1}), None)]);
    let redacted = json!({"type": "redacted_thinking", "data": "ZGF0YQ=="});
    let thought = Part::Thinking { text: String::new(), opaque: Some(json!({"redacted": "ZGF0YQ=="})) };
    assert_eq!(messages(&redacted, &[], "end_turn").parts, [thought]);
    let unknown = json!({"type": "server_tool_use", "id": "i", "name": "web_search", "input": {}});
    let delta = json!({"type": "input_json_delta", "partial_json": "{}"});
    assert_eq!(messages(&unknown, &[delta], "end_turn").parts, []);
}

#[test]
fn a_reason_to_call_without_a_call_is_not_believed() {
    assert_eq!(messages(&json!({"type": "text", "text": "Hi"}), &[], "tool_use").stop, Stop::Other);
}
