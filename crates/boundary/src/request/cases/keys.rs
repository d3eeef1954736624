//! What counts to a key, and what makes requests near.

use serde_json::{Value, json};

use super::{
    CHAT, GEMINI, MESSAGES, RESPONSES, asked, called, chat, claude, far, gemini, near, other_key, responses,
    same_key, with,
};

#[test]
fn what_a_process_says_about_itself_does_not_count() {
    let messages = claude(&json!([{"role": "user", "content": "hi"}]));
    let by = |user: &str| with(messages.clone(), "metadata", &json!({"user_id": user}));
    same_key(MESSAGES, &by("user_1_session_a"), &by("user_1_session_b"));
    other_key(MESSAGES, &messages, &with(messages.clone(), "max_tokens", &json!(50)));

    for field in ["prompt_cache_key", "safety_identifier", "user", "client_metadata"] {
        let by = |value: &str| with(responses(&json!("hi")), field, &json!(value));
        same_key(RESPONSES, &by("a"), &by("b"));
    }
    // The same names say something where they are part of a conversation.
    let text =
        |value: &str| chat(&json!([{"role": "tool", "tool_call_id": "1", "content": [{"user": value}]}]));
    other_key(CHAT, &text("a"), &text("b"));
}

#[test]
fn how_usage_is_told_does_not_count_and_streaming_does() {
    let plain = chat(&json!([{"role": "user", "content": "hi"}]));
    let streamed = with(plain.clone(), "stream", &json!(true));
    let usage = with(streamed.clone(), "stream_options", &json!({"include_usage": true}));
    same_key(CHAT, &streamed, &usage);
    other_key(CHAT, &plain, &streamed);
    assert!(asked(CHAT, &usage).wants_usage && !asked(CHAT, &streamed).wants_usage);

    let contents = gemini(&json!([{"parts": [{"text": "hi"}]}]));
    let stream = asked("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", &contents);
    assert_ne!(stream.key, asked(GEMINI, &contents).key);
    assert_ne!(asked("/v1beta/models/other:generateContent", &contents).key, asked(GEMINI, &contents).key);
}

#[test]
fn ids_of_calls_count_by_the_order_in_which_they_appear() {
    same_key(MESSAGES, &called("toolu_1", &json!({})), &called("toolu_2", &json!({})));
    let pair = |one: &str, other: &str, first: &str| {
        chat(&json!([
            {"role": "assistant", "tool_calls": [
                {"id": one, "type": "function", "function": {"name": "add", "arguments": "{}"}},
                {"id": other, "type": "function", "function": {"name": "add", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": first, "content": "5"},
        ]))
    };
    same_key(CHAT, &pair("a", "b", "a"), &pair("c", "d", "c"));
    // The result of the other call is another conversation.
    other_key(CHAT, &pair("a", "b", "a"), &pair("a", "b", "b"));

    let items = |item: &str, call: &str| {
        responses(&json!([
            {"type": "function_call", "id": item, "call_id": call, "name": "add", "arguments": "{}"},
            {"type": "function_call_output", "call_id": call, "output": "5"},
        ]))
    };
    same_key(RESPONSES, &items("fc_1", "call_1"), &items("fc_2", "call_2"));
    let parts = |id: &str| {
        gemini(&json!([
            {"role": "model", "parts": [{"functionCall": {"id": id, "name": "add", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"id": id, "name": "add", "response": {}}}]},
        ]))
    };
    same_key(GEMINI, &parts("a"), &parts("b"));
}

#[test]
fn ids_in_arguments_and_results_are_what_they_are() {
    other_key(MESSAGES, &called("1", &json!({"id": "order-1"})), &called("1", &json!({"id": "order-2"})));
    let result = |id: &str| {
        let response = json!({"functionResponse": {"name": "find", "response": {"id": id}}});
        gemini(&json!([{"role": "user", "parts": [response]}]))
    };
    far(GEMINI, &result("order-1"), &result("order-2"));
}

#[test]
fn two_stored_conversations_with_the_same_input_do_not_meet() {
    for (field, one, other) in [
        ("previous_response_id", json!("resp_1"), json!("resp_2")),
        ("conversation", json!({"id": "conv_1"}), json!({"id": "conv_2"})),
        (
            "conversation",
            json!("f47ac10b-58cc-4372-a567-0e02b2c3d479"),
            json!("0e02b2c3-58cc-4372-a567-f47ac10bd479"),
        ),
    ] {
        let next = |id: &Value| with(responses(&json!("go on")), field, id);
        far(RESPONSES, &next(&one), &next(&other));
        let parent = |id: &Value| asked(RESPONSES, &next(id)).lineage.parent;
        assert_ne!(parent(&one), parent(&other));
    }
    let referring = |id: &str| responses(&json!([{"type": "item_reference", "id": id}]));
    far(RESPONSES, &referring("msg_1"), &referring("msg_2"));
}

#[test]
fn prose_that_differs_only_in_dates_is_near() {
    let days = ["It is 2026-11-20.", "It is 2026-11-21."];
    let system = |day: &str| with(claude(&json!([{"role": "user", "content": "hi"}])), "system", &json!(day));
    near(MESSAGES, &system(days[0]), &system(days[1]));
    let tools = |day: &str| with(claude(&json!([])), "tools", &json!([{"name": "a", "description": day}]));
    near(MESSAGES, &tools(days[0]), &tools(days[1]));
    let user = |day: &str| chat(&json!([{"role": "user", "content": day}]));
    near(CHAT, &user(days[0]), &user(days[1]));
    let output =
        |day: &str| responses(&json!([{"type": "function_call_output", "call_id": "1", "output": day}]));
    near(RESPONSES, &output(days[0]), &output(days[1]));
    let result = |day: &str| {
        gemini(&json!([{"parts": [{"functionResponse": {"name": "now", "response": {"result": day}}}]}]))
    };
    near(GEMINI, &result(days[0]), &result(days[1]));
    far(MESSAGES, &system(days[0]), &system("It was 2026-11-20."));
}

#[test]
fn arguments_of_tools_are_never_near() {
    let (one, other) = ("2026-11-20", "2026-11-21");
    far(MESSAGES, &called("1", &json!({"day": one})), &called("1", &json!({"day": other})));
    let chat_call = |day: &str| {
        let call = json!({"id": "1", "type": "function", "function": {"name": "book", "arguments": day}});
        chat(&json!([{"role": "assistant", "tool_calls": [call]}]))
    };
    far(CHAT, &chat_call(one), &chat_call(other));
    let item = |day: &str| {
        responses(&json!([{"type": "custom_tool_call", "call_id": "1", "name": "book", "input": day}]))
    };
    far(RESPONSES, &item(one), &item(other));
    let part = |day: &str| {
        gemini(
            &json!([{"role": "model", "parts": [{"functionCall": {"name": "book", "args": {"day": day}}}]}]),
        )
    };
    far(GEMINI, &part(one), &part(other));
}

#[test]
fn models_and_vectors_of_other_dates_are_not_near() {
    let of = |model: &str| with(chat(&json!([])), "model", &json!(model));
    far(CHAT, &of("gpt-4o-2024-08-06"), &of("gpt-4o-2024-11-20"));
    let vector = |text: &str| json!({"model": "e", "input": [text]});
    far("/v1/embeddings", &vector("2026-11-20"), &vector("2026-11-21"));
    let parts = |text: &str| json!({"content": {"parts": [{"text": text}]}});
    far("/v1beta/models/e:embedContent", &parts("2026-11-20"), &parts("2026-11-21"));
}
