//! What is taken out of a request, and what is told about one that is none.

use serde_json::json;

use super::{CHAT, GEMINI, MESSAGES, RESPONSES, asked, chat, claude, gemini, responses};
use crate::{
    request::{Malformed, read},
    route::Route,
};

#[test]
fn the_messages_are_taken_out_as_they_were_written() {
    let route = Route::of("POST", CHAT).expect("a route");
    let body =
        br#"{"model": "m", "messages": [ {"role":"user", "content":"\u0041"} ,7], "temperature": 1.0}"#;
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
        (
            MESSAGES,
            claude(&json!([{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}]}])),
        ),
        (
            CHAT,
            chat(&json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])),
        ),
        (
            RESPONSES,
            responses(&json!([{"role": "user", "content": [{"type": "input_image", "image_url": url}]}])),
        ),
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
        read(&route, body.as_bytes())
            .map_err(|malformed| malformed.to_string())
            .map(|_| ())
            .expect_err("malformed")
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
