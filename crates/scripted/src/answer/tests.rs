//! Which rule answers, and what the answer remembers.

use mainspring_types::Timestamp;
use serde_json::json;

use super::*;

/// A script that is asked one thing after another.
struct Model {
    script: Script,
    state: State,
}

impl Model {
    fn of(script: &str) -> Self {
        Self { script: Script::parse(script, "script").expect("a script"), state: State::default() }
    }

    fn ask(&self, path: &str, body: &Value, seconds: i64) -> Reply {
        let (now, body) = (Timestamp::from_millis(seconds * 1000), body.to_string());
        let headers = [("X-Who", "me")];
        self.script.answer(
            &self.state,
            &Wanted { method: "POST", path, headers: &headers, body: body.as_bytes(), now },
        )
    }

    /// What is said, or the error.
    fn say(&self, words: &str) -> String {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": words}]});
        let body: Value =
            serde_json::from_slice(&self.ask("/chat/completions", &body, 0).body()).expect("JSON");
        let said = body["choices"][0]["message"]["content"].as_str();
        said.or_else(|| body["error"]["message"].as_str()).expect("words").to_owned()
    }
}

#[test]
fn the_first_rule_that_matches_and_is_not_spent_answers() {
    let model = Model::of(
        "rules:\n  - {match: {last_user: '^a'}, times: 2, replies: [{text: one}, {text: two}]}\n  - \
         {match: {header: {x-who: m.}}, cycle: true, replies: [{text: x}, {text: 'y ${firing}'}]}",
    );
    let said = ["a", "b", "a", "a", "c"].map(|words| model.say(words));
    assert_eq!(said, ["one", "x", "two", "y 2", "x"]);
}

#[test]
fn without_a_rule_the_request_is_described_or_repeated() {
    let words = "no rule of the script matches: api `openai.chat`, model `m`, turn 0, step 0, last role user, last user `hi`";
    assert_eq!(Model::of("rules: []").say("hi"), words);
    assert_eq!(Model::of("on_no_match: echo").say("hi"), "echo: hi");
}

#[test]
fn what_is_wrong_with_a_request_is_told_in_the_providers_shape() {
    let model = Model::of("rules: []");
    let answer = |path| {
        let wanted =
            Wanted { method: "POST", path, headers: &[], body: b"{", now: Timestamp::from_millis(0) };
        let reply = model.script.answer(&model.state, &wanted);
        let body: Value = serde_json::from_slice(&reply.body()).expect("JSON");
        format!("{} {}", reply.status, body["error"]["message"].as_str().expect("a message"))
    };
    assert_eq!(
        ["/v1/messages", "/v1/batches"].map(answer),
        [
            "400 the body is not JSON: EOF while parsing an object at line 1 column 1",
            "404 POST /v1/batches is served by no provider",
        ]
    );
}

#[test]
fn a_response_goes_on_from_one_that_was_stored() {
    let model =
        Model::of("rules: [{match: {turn: 1}, reply: {text: '${last_user} again'}}, {reply: {text: first}}]");
    let respond = |body| -> Value {
        serde_json::from_slice(&model.ask("/v1/responses", &body, 0).body()).expect("JSON")
    };
    let words = |answer: &Value| answer["output"][0]["content"][0]["text"].clone();
    let first = respond(json!({"input": "a"}));
    assert_eq!(words(&respond(json!({"input": "b", "previous_response_id": first["id"]}))), "b again");
    let forgotten = respond(json!({"input": "a", "store": false}));
    let refused = respond(json!({"input": "b", "previous_response_id": forgotten["id"]}));
    assert!(refused["error"]["message"].as_str().expect("an error").ends_with("not found."));
}

#[test]
fn more_calls_than_the_limit_get_429_and_when_to_come_back() {
    let model = Model::of("rate_limit: {calls: 1, per_ms: 10000}\non_no_match: echo");
    let ask = |seconds| {
        let reply = model.ask("/v1/messages", &json!({"messages": []}), seconds);
        (
            reply.status,
            reply.headers.into_iter().find(|(name, _)| name == "retry-after").map(|(_, wait)| wait),
        )
    };
    assert_eq!([ask(0), ask(3), ask(10)], [(200, None), (429, Some("7".to_owned())), (200, None)]);
}

#[test]
fn a_raw_body_is_sent_as_it_is() {
    let model = Model::of(
        "rules: [{match: {last_user: parts}, reply: {raw: {body: ['data: ', \"x\\n\"]}, chunk_delay_ms: 5}},
                 {reply: {raw: {status: 202, body: {said: '${last_user}'}}, headers: {Content-Type: text/x}}}]",
    );
    let ask =
        |words| model.ask("/v1/messages", &json!({"messages": [{"role": "user", "content": words}]}), 0);
    assert_eq!((ask("parts").pieces.len(), ask("parts").body().as_ref()), (2, &b"data: x\n"[..]));
    let document = ask("you");
    assert_eq!((document.status, document.body().as_ref()), (202, &br#"{"said":"you"}"#[..]));
    let types = document.headers.iter().filter(|(name, _)| name == "content-type");
    assert_eq!(types.map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["text/x"]);
}

#[test]
fn a_rule_without_an_api_leaves_counts_alone() {
    let model = Model::of(
        "rules: [{times: 1, reply: {text: hi}}, {match: {api: openai.embeddings}, reply: {error: {}}}]",
    );
    assert_eq!(model.ask("/v1/messages/count_tokens", &json!({}), 0).rule, None);
    assert_eq!(model.ask("/v1/embeddings", &json!({}), 0).status, 500);
    assert_eq!(model.ask("/v1/messages", &json!({}), 0).rule.as_deref(), Some("rule-1"));
}
