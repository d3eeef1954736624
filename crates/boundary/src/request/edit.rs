//! Changing a body before it is sent on: only the bytes of the fields that must change.

use std::borrow::Cow;

use super::{
    body::{Body, quoted},
    dialect::Dialect,
};
use crate::route::{Api, Route};

/// What is to change in a body before it is sent on.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Edit {
    /// The output maximum it is to have.
    pub output_max: Option<u64>,
    /// Chat streams: whether usage is to be asked for.
    pub include_usage: bool,
    /// The model it is to name; where the path names it, [`Route`] has to change instead.
    pub model: Option<String>,
}

/// The body with the edit made: the same bytes where nothing is to change, and only those fields otherwise.
///
/// A body that is no request stays as it is.
pub fn edit<'b>(route: &Route, body: &'b [u8], edit: &Edit) -> Cow<'b, [u8]> {
    let mut body = Cow::Borrowed(body);
    if let Some(model) = edit.model.as_deref().filter(|_| route.model.is_none()) {
        put(&mut body, &["model"], &quoted(model));
    }
    if let Some(max) = edit.output_max {
        for path in max_places(route.api, &body) {
            put(&mut body, path, &max.to_string());
        }
    }
    if edit.include_usage && route.api == Api::Chat {
        put(&mut body, &["stream_options", "include_usage"], "true");
    }
    body
}

/// Where the output maximum is to be set: wherever it stands, or else where the API wants it.
fn max_places(api: Api, body: &[u8]) -> Vec<&'static [&'static str]> {
    let places = Dialect::of(api).map_or(&[][..], |dialect| dialect.output_max);
    let (Ok(body), Some(usual)) = (Body::read(body), places.first()) else { return Vec::new() };
    let given: Vec<_> = places.iter().copied().filter(|path| stands(&body, path)).collect();
    if !given.is_empty() {
        return given;
    }
    // A name that goes through an object that is there already, so that there are not two of it.
    let within = places.iter().find(|path| path.len() > 1 && body.get(path[0]).is_some());
    let known_to_all = places.last().filter(|_| api == Api::Chat && !is_openai(&body));
    vec![*within.or(known_to_all).unwrap_or(usual)]
}

/// Whether the model is one of `OpenAI`'s own, the newer of which refuse the old name of the maximum. Other servers
/// may not know the new one, and would write without end.
fn is_openai(body: &Body<'_>) -> bool {
    let model = body.get("model").unwrap_or_default().trim_start_matches('"');
    let own = ["gpt-", "chatgpt-", "o1", "o3", "o4", "ft:gpt-"].iter().any(|start| model.starts_with(start));
    own && !model.starts_with("gpt-oss")
}

fn stands(body: &Body<'_>, path: &[&str]) -> bool {
    let Some((name, inner)) = path.split_first() else { return true };
    body.get(name).is_some_and(|value| {
        inner.is_empty() || Body::read(value.as_bytes()).is_ok_and(|object| stands(&object, inner))
    })
}

fn put(body: &mut Cow<'_, [u8]>, path: &[&str], value: &str) {
    if let Some(changed) = set(body, path, value) {
        *body = Cow::Owned(changed.into_bytes());
    }
}

/// The object with the value at the end of the path; objects on the way are made where there are none.
fn set(object: &[u8], path: &[&str], value: &str) -> Option<String> {
    let (name, inner) = path.split_first()?;
    let object = Body::read(object).ok()?;
    if inner.is_empty() {
        return Some(object.with(name, value));
    }
    let old = object.get(name).unwrap_or("{}");
    Some(object.with(name, &set(old.as_bytes(), inner, value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(path: &str, body: &str, change: &Edit) -> String {
        let route = Route::of("POST", path).expect("a route");
        String::from_utf8(edit(&route, body.as_bytes(), change).into_owned()).expect("text")
    }

    fn clamped(path: &str, body: &str) -> String {
        edited(path, body, &Edit { output_max: Some(7), ..Edit::default() })
    }

    #[test]
    fn the_maximum_is_set_where_it_stands() {
        for (path, body, expected) in [
            ("/v1/messages", r#"{"max_tokens": 100, "a":1.0}"#, r#"{"max_tokens": 7, "a":1.0}"#),
            ("/v1/chat/completions", r#"{"max_tokens":100}"#, r#"{"max_tokens":7}"#),
            ("/v1/responses", r#"{"max_output_tokens":null}"#, r#"{"max_output_tokens":7}"#),
            (
                "/v1/chat/completions",
                r#"{"max_tokens":100,"max_completion_tokens":9}"#,
                r#"{"max_tokens":7,"max_completion_tokens":7}"#,
            ),
            (
                "/v1beta/models/g:generateContent",
                r#"{"generation_config":{"max_output_tokens":9}}"#,
                r#"{"generation_config":{"max_output_tokens":7}}"#,
            ),
        ] {
            assert_eq!(clamped(path, body), expected);
        }
    }

    #[test]
    fn the_maximum_is_put_where_the_api_wants_it() {
        for (path, body, expected) in [
            ("/v1/messages", r#"{"model":"c"}"#, r#"{"max_tokens":7,"model":"c"}"#),
            ("/v1/chat/completions", r#"{"model":"llama"}"#, r#"{"max_tokens":7,"model":"llama"}"#),
            (
                "/v1/chat/completions",
                r#"{"model":"gpt-oss:20b"}"#,
                r#"{"max_tokens":7,"model":"gpt-oss:20b"}"#,
            ),
            ("/v1/chat/completions", r#"{"model":"o3"}"#, r#"{"max_completion_tokens":7,"model":"o3"}"#),
            (
                "/v1beta/models/g:generateContent",
                r#"{"generation_config":{"topK":1}}"#,
                r#"{"generation_config":{"maxOutputTokens":7,"topK":1}}"#,
            ),
            ("/v1beta/models/g:generateContent", "{}", r#"{"generationConfig":{"maxOutputTokens":7}}"#),
            ("/v1/embeddings", r#"{"input":"x"}"#, r#"{"input":"x"}"#),
        ] {
            assert_eq!(clamped(path, body), expected);
        }
    }

    #[test]
    fn usage_is_asked_for_beside_what_the_client_asked_for() {
        let usage = Edit { include_usage: true, ..Edit::default() };
        for (body, expected) in [
            (r#"{"stream":true}"#, r#"{"stream_options":{"include_usage":true},"stream":true}"#),
            (r#"{"stream_options":null}"#, r#"{"stream_options":{"include_usage":true}}"#),
            (r#"{"stream_options":{"x":1}}"#, r#"{"stream_options":{"include_usage":true,"x":1}}"#),
            (r#"{"stream_options":{"include_usage":false}}"#, r#"{"stream_options":{"include_usage":true}}"#),
        ] {
            assert_eq!(edited("/v1/chat/completions", body, &usage), expected);
            assert_eq!(edited("/v1/responses", body, &usage), body);
        }
    }

    #[test]
    fn another_model_is_named_unless_the_path_names_it() {
        let other = Edit { model: Some("b\"c".to_owned()), ..Edit::default() };
        assert_eq!(edited("/v1/messages", r#"{"model" : "a"}"#, &other), r#"{"model" : "b\"c"}"#);
        let gemini = "/v1beta/models/g:generateContent";
        assert_eq!(edited(gemini, r#"{"contents":[]}"#, &other), r#"{"contents":[]}"#);
    }

    #[test]
    fn what_needs_no_change_is_not_even_copied() {
        let route = Route::of("POST", "/v1/messages").expect("a route");
        assert!(matches!(edit(&route, b" { } ", &Edit::default()), Cow::Borrowed(b" { } ")));
        let clamp = Edit { output_max: Some(1), ..Edit::default() };
        assert!(matches!(edit(&route, b"not json", &clamp), Cow::Borrowed(b"not json")));
    }
}
