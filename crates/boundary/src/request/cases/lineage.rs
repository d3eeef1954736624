//! Where a conversation goes on.

use serde_json::{Value, json};

use super::{CHAT, GEMINI, MESSAGES, RESPONSES, asked, chat, claude, gemini, near, responses, with};

/// The second request carries on the answer to the first.
#[track_caller]
fn goes_on(path: &str, turn: &Value, next: &Value) {
    let (turn, next) = (asked(path, turn), asked(path, next));
    assert_eq!(next.lineage.previous, Some(turn.lineage.own));
}

#[test]
fn a_conversation_goes_on_where_its_answer_is_carried() {
    let user = json!({"role": "user", "content": "2 + 3?"});
    let call = json!({"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}});
    goes_on(
        CHAT,
        &chat(&json!([{"role": "system", "content": "Add."}, user])),
        &chat(&json!([
            {"role": "system", "content": "Add."}, user,
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": "5"},
        ])),
    );
    goes_on(
        RESPONSES,
        &responses(&json!([user])),
        &responses(&json!([
            user,
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "function_call", "id": "fc_1", "call_id": "1", "name": "add", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "5"},
        ])),
    );
    goes_on(
        GEMINI,
        &gemini(&json!([{"role": "user", "parts": [{"text": "hi"}]}])),
        &gemini(&json!([
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"text": "hello"}]},
            {"role": "user", "parts": [{"text": "go on"}]},
        ])),
    );
}

#[test]
fn marks_for_caching_and_midnight_do_not_tear_a_conversation() {
    let marked =
        json!([{"type": "text", "text": "It is 2026-11-20.", "cache_control": {"type": "ephemeral"}}]);
    let turn = claude(&json!([{"role": "user", "content": marked}]));
    let next = claude(&json!([
        {"role": "user", "content": "It is 2026-11-21."},
        {"role": "assistant", "content": [{"type": "text", "text": "So it is."}]},
        {"role": "user", "content": marked},
    ]));
    goes_on(MESSAGES, &turn, &next);
    // They count to the key: with them the answer has another price.
    let plain = claude(&json!([{"role": "user", "content": "It is 2026-11-20."}]));
    near(MESSAGES, &turn, &plain);
}

#[test]
fn a_conversation_may_change_its_model_and_how_it_is_answered() {
    let turn = json!([{"role": "user", "parts": [{"text": "hi"}]}]);
    let stream = "/v1beta/models/other:streamGenerateContent?alt=sse";
    assert_eq!(asked(GEMINI, &gemini(&turn)).lineage, asked(stream, &gemini(&turn)).lineage);
    let messages = chat(&json!([{"role": "user", "content": "hi"}]));
    let streamed = with(with(messages.clone(), "stream", &json!(true)), "model", &json!("other"));
    assert_eq!(asked(CHAT, &messages).lineage, asked(CHAT, &streamed).lineage);
}

#[test]
fn what_came_of_a_call_is_not_the_models() {
    let after = |output: &str| {
        responses(&json!([
            {"type": "custom_tool_call", "call_id": "1", "name": "add", "input": "2 3"},
            {"type": "custom_tool_call_output", "call_id": "1", "output": output},
        ]))
    };
    let (one, other) = (asked(RESPONSES, &after("5")).lineage, asked(RESPONSES, &after("6")).lineage);
    assert_eq!(one.parent, other.parent);
    assert_ne!(one.own, other.own);
}

#[test]
fn another_answer_makes_another_parent() {
    let after = |answer: &str| {
        chat(&json!([
            {"role": "user", "content": "hi"}, {"role": "assistant", "content": answer},
            {"role": "user", "content": "go on"},
        ]))
    };
    let (one, other) = (asked(CHAT, &after("yes")).lineage, asked(CHAT, &after("no")).lineage);
    assert_ne!(one.parent, other.parent);
    assert_eq!(one.previous, other.previous);
}

#[test]
fn counting_tokens_is_no_part_of_a_conversation() {
    let body = claude(&json!([{"role": "user", "content": "hi"}]));
    let (count, call) = (asked("/v1/messages/count_tokens", &body), asked(MESSAGES, &body));
    assert_ne!(count.lineage.parent, call.lineage.parent);
    assert_ne!(count.key, call.key);
}

#[test]
fn texts_without_a_conversation_have_no_common_parent() {
    let parent = |text: &str| asked("/v1/embeddings", &json!({"model": "e", "input": text})).lineage.parent;
    assert_ne!(parent("a"), parent("b"));
}
