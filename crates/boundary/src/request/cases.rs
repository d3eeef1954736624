//! The cases that break without a rule: what counts to a key, what makes requests near, where a conversation goes on.

use serde_json::{Value, json};

use super::{Asked, Malformed, read};
use crate::route::Route;

const MESSAGES: &str = "/v1/messages";
const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const GEMINI: &str = "/v1beta/models/gemini-2.5-pro:generateContent";

#[track_caller]
fn asked(path: &str, body: &Value) -> Asked {
    let route = Route::of("POST", path).expect("a route");
    read(&route, body.to_string().as_bytes()).expect("a request")
}

#[track_caller]
fn same_key(path: &str, one: &Value, other: &Value) {
    assert_eq!(asked(path, one).key, asked(path, other).key, "{one}\n{other}");
}

#[track_caller]
fn other_key(path: &str, one: &Value, other: &Value) {
    assert_ne!(asked(path, one).key, asked(path, other).key, "{one}\n{other}");
}

/// Another key, and near nevertheless.
#[track_caller]
fn near(path: &str, one: &Value, other: &Value) {
    let (one, other) = (asked(path, one), asked(path, other));
    assert_ne!(one.key, other.key);
    assert_eq!((one.near, one.lineage), (other.near, other.lineage));
}

/// Another request altogether.
#[track_caller]
fn far(path: &str, one: &Value, other: &Value) {
    other_key(path, one, other);
    assert_ne!(asked(path, one).near, asked(path, other).near);
}

/// The second request carries on the answer to the first.
#[track_caller]
fn goes_on(path: &str, turn: &Value, next: &Value) {
    let (turn, next) = (asked(path, turn), asked(path, next));
    assert_eq!(next.lineage.previous, Some(turn.lineage.own));
}

fn claude(messages: &Value) -> Value {
    json!({"model": "claude", "max_tokens": 100, "system": "Add.", "messages": messages})
}

fn chat(messages: &Value) -> Value {
    json!({"model": "gpt", "messages": messages})
}

fn responses(input: &Value) -> Value {
    json!({"model": "gpt", "instructions": "Add.", "input": input})
}

fn gemini(contents: &Value) -> Value {
    json!({"contents": contents})
}

/// The body with one more field.
fn with(mut body: Value, name: &str, value: &Value) -> Value {
    body[name] = value.clone();
    body
}

/// A conversation over Messages in which a tool was called under an id.
fn called(id: &str, arguments: &Value) -> Value {
    claude(&json!([
        {"role": "user", "content": "2 + 3?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "add", "input": arguments}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "5"}]},
    ]))
}

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
    let text = |value: &str| chat(&json!([{"role": "tool", "tool_call_id": "1", "content": [{"user": value}]}]));
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
        ("conversation", json!("f47ac10b-58cc-4372-a567-0e02b2c3d479"), json!("0e02b2c3-58cc-4372-a567-f47ac10bd479")),
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
    let output = |day: &str| responses(&json!([{"type": "function_call_output", "call_id": "1", "output": day}]));
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
        gemini(&json!([{"role": "model", "parts": [{"functionCall": {"name": "book", "args": {"day": day}}}]}]))
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
    let marked = json!([{"type": "text", "text": "It is 2026-11-20.", "cache_control": {"type": "ephemeral"}}]);
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

#[test]
fn the_messages_are_taken_out_as_they_were_written() {
    let route = Route::of("POST", CHAT).expect("a route");
    let body = br#"{"model": "m", "messages": [ {"role":"user", "content":"\u0041"} ,7], "temperature": 1.0}"#;
    let asked = read(&route, body).expect("a request");
    assert_eq!(&*asked.frame, r#"{"model":"m","temperature":1.0}"#);
    assert_eq!(asked.messages, [r#"{"role":"user", "content":"\u0041"}"#.into(), Box::from("7")]);
}

#[test]
fn what_is_no_list_of_messages_is_one() {
    for (path, body, expected) in [
        (RESPONSES, json!({"model": "m", "input": "hi"}), vec![r#""hi""#]),
        (RESPONSES, json!({"model": "m"}), vec![]),
        ("/v1/embeddings", json!({"model": "m", "input": [1, 2]}), vec!["[1,2]"]),
        ("/v1/embeddings", json!({"model": "m", "input": [[1], [2]]}), vec!["[1]", "[2]"]),
        ("/v1beta/models/e:batchEmbedContents", json!({"requests": [{"a": 1}]}), vec![r#"{"a":1}"#]),
        ("/v1beta/models/e:embedContent", json!({"content": {"parts": []}}), vec![r#"{"parts":[]}"#]),
    ] {
        let messages = asked(path, &body).messages;
        assert_eq!(messages.iter().map(|message| &**message).collect::<Vec<_>>(), expected, "{body}");
    }
}

#[test]
fn the_list_of_models_needs_no_body() {
    let of = |path: &str| read(&Route::of("GET", path).expect("a route"), b"").expect("a request");
    assert_ne!(of("/v1/models").key, of("/v1/models/m").key);
    assert_eq!((of("/v1/models/m").model.as_str(), of("/v1/models").input_bound), ("m", 0));
}

#[test]
fn pictures_count_by_rule_and_not_by_their_bytes() {
    let data = "A".repeat(300_000);
    let url = format!("data:image/png;base64,{data}");
    for (path, body) in [
        (MESSAGES, claude(&json!([{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}]}]))),
        (CHAT, chat(&json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]))),
        (RESPONSES, responses(&json!([{"role": "user", "content": [{"type": "input_image", "image_url": url}]}]))),
        (GEMINI, gemini(&json!([{"parts": [{"inlineData": {"mimeType": "image/png", "data": data}}]}]))),
    ] {
        let bound = asked(path, &body).input_bound;
        assert!((5_000..5_200).contains(&bound), "{path}: {bound}");
    }
    let document = json!([{"type": "document", "source": {"media_type": "application/pdf", "data": data}}]);
    let bound = asked(MESSAGES, &claude(&json!([{"role": "user", "content": document}]))).input_bound;
    assert!((100_000..101_000).contains(&bound), "{bound}");
}

#[test]
fn what_a_request_cannot_do_without_is_told() {
    let told = |body: &str| {
        let route = Route::of("POST", CHAT).expect("a route");
        read(&route, body.as_bytes()).map_err(|malformed| malformed.to_string()).map(|_| ()).expect_err("malformed")
    };
    assert_eq!(told(r#"{"messages":[]}"#), "the request has no `model`");
    assert_eq!(told(r#"{"model":7}"#), "`model` in the request is not a text");
    assert_eq!(told(r#"{"model":"m","stream":"yes"}"#), "`stream` in the request is not `true` or `false`");
    assert_eq!(told(r#"{"model":"m","model":"n"}"#), "`model` is in the request twice");
    let deep = format!(r#"{{"model":"m","messages":[{}{}]}}"#, "[".repeat(500), "]".repeat(500));
    assert!(told(&deep).contains("recursion limit exceeded"));
    let refused = Malformed::Twice { field: "model".to_owned() };
    assert_eq!(told(r#"{"model":"m","model":"n"}"#), refused.to_string());
}
