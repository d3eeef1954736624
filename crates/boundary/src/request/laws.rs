//! Laws of reading and editing, which random conversations try to break.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Asked, Edit, edit, read};
use crate::route::{Api, Route};

/// The APIs in which conversations are held.
const PATHS: [&str; 4] =
    ["/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1beta/models/g:generateContent"];

fn route(api: usize) -> Route {
    Route::of("POST", PATHS[api]).expect("a route")
}

fn asked(route: &Route, body: &Value) -> Asked {
    read(route, body.to_string().as_bytes()).expect("a request")
}

/// One message, in the words of an API.
fn message(api: Api, model: bool, text: &str) -> Value {
    match (api, model) {
        (Api::Generate, true) => json!({"role": "model", "parts": [{"text": text}]}),
        (Api::Generate, false) => json!({"role": "user", "parts": [{"text": text}]}),
        (_, true) => json!({"role": "assistant", "content": [{"type": "text", "text": text}]}),
        (_, false) => json!({"role": "user", "content": text}),
    }
}

fn body(api: Api, messages: &[(bool, String)]) -> Value {
    let list: Vec<Value> = messages.iter().map(|(model, text)| message(api, *model, text)).collect();
    match api {
        Api::Responses => json!({"model": "m", "input": list}),
        Api::Generate => json!({"contents": list}),
        _ => json!({"model": "m", "max_tokens": 100, "messages": list}),
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,8}", "\\PC{0,8}", Just("on 2026-11-20 at 07:10:59".to_owned())]
}

fn conversation() -> impl Strategy<Value = Vec<(bool, String)>> {
    prop::collection::vec((any::<bool>(), text()), 0..8)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) + 0.5)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let name = prop_oneof!["[a-z]{1,4}", Just("id".to_owned()), Just("content".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The same document with the members of every object the other way round.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().rev().map(|(name, value)| (name.clone(), reversed(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn the_order_of_members_and_white_space_do_not_count(api in 0..4_usize, extra in any_json(), talk in conversation()) {
        let route = route(api);
        let mut body = body(route.api, &talk);
        body["extra"] = extra.clone();
        body["tools"] = json!([extra]);
        let other = serde_json::to_vec_pretty(&reversed(&body)).expect("JSON");
        let (one, other) = (asked(&route, &body), read(&route, &other).expect("a request"));
        prop_assert_eq!((one.key, one.near, one.lineage), (other.key, other.near, other.lineage));
        prop_assert_eq!(one.input_bound, other.input_bound);
    }

    #[test]
    fn what_differs_has_another_key(api in 0..4_usize, one in any_json(), other in any_json()) {
        let route = route(api);
        let of = |content: &Value| {
            let mut body = body(route.api, &[]);
            body["extra"] = content.clone();
            asked(&route, &body).key
        };
        prop_assert_eq!(of(&one) == of(&other), one == other);
    }

    #[test]
    fn each_turn_goes_on_from_the_one_before(
        api in 0..4_usize, talk in conversation(), answers in prop::collection::vec(text(), 1..4), then in text()
    ) {
        let route = route(api);
        let turn: Vec<_> = talk.into_iter().chain([(false, "ask".to_owned())]).collect();
        let mut next = turn.clone();
        next.extend(answers.into_iter().map(|answer| (true, answer)));
        let parent = asked(&route, &body(route.api, &next)).lineage.own;
        next.push((false, then));
        let (turn, next) = (asked(&route, &body(route.api, &turn)), asked(&route, &body(route.api, &next)));
        prop_assert_eq!(next.lineage.previous, Some(turn.lineage.own));
        prop_assert_eq!(next.lineage.parent, parent);
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else(
        api in 0..4_usize, talk in conversation(), output_max in 16_u64.., model in text()
    ) {
        let route = route(api);
        let before = body(route.api, &talk).to_string();
        let change = Edit { output_max: Some(output_max), include_usage: true, model: Some(model.clone()) };
        let after = edit(&route, before.as_bytes(), &change);
        let (before, after) = (asked(&route, &before.parse()?), read(&route, &after).expect("a request"));
        prop_assert_eq!(after.output_max, Some(output_max));
        prop_assert_eq!(&after.model, if route.model.is_some() { &before.model } else { &model });
        prop_assert_eq!(after.wants_usage, route.api == Api::Chat);
        prop_assert_eq!(after.messages, before.messages);
        prop_assert_eq!(after.lineage, before.lineage);
    }

    #[test]
    fn asking_for_usage_keeps_the_key(talk in conversation()) {
        let route = route(1);
        let body = body(route.api, &talk).to_string();
        let usage = edit(&route, body.as_bytes(), &Edit { include_usage: true, ..Edit::default() });
        prop_assert_eq!(read(&route, &usage).expect("a request").key, asked(&route, &body.parse()?).key);
    }

    #[test]
    fn an_empty_edit_is_the_body_itself(api in 0..4_usize, body in any::<Vec<u8>>()) {
        let same = edit(&route(api), &body, &Edit::default());
        prop_assert!(matches!(same, std::borrow::Cow::Borrowed(same) if same == body));
    }

    #[test]
    fn no_bytes_stop_the_reader(api in 0..4_usize, bytes in any::<Vec<u8>>(), extra in any_json()) {
        let _ = read(&route(api), &bytes);
        let _ = read(&route(api), extra.to_string().as_bytes());
        let _ = read(&route(api), json!({"model": "m", "messages": extra, "tools": extra}).to_string().as_bytes());
    }

    #[test]
    fn requests_of_another_time_are_near(api in 0..4_usize, day in 10..29_u8, hour in 10..24_u8, text in "[a-z ]{0,20}") {
        let route = route(api);
        let at = |day: u8, hour: u8| {
            body(route.api, &[(false, format!("{text} 2026-11-{day} {hour}:00, {text}"))])
        };
        let (one, other) = (asked(&route, &at(day, hour)), asked(&route, &at(10, 10)));
        prop_assert_eq!((one.near, one.lineage), (other.near, other.lineage));
    }
}
