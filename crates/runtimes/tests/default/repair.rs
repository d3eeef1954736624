//! Answers that have to keep to a schema, and histories that broke off.

use mainspring_runtimes::default::{Brief, Ending, Message, Part, Role};
use serde_json::json;

use crate::world::{brief, calls, play, play_on, says, shell, told};

fn structured() -> Brief {
    let output = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    Brief { output: Some(output), ..brief() }
}

#[test]
fn an_answer_is_repaired_until_it_is_valid() {
    let played = play(structured(), |step| match step {
        1 => says("It is four."),
        2 => says("```json\n{\"n\": \"four\"}\n```"),
        _ => says("{\"n\": 4}"),
    });
    assert_eq!((&played.end.output, &played.end.ending), (&json!({"n": 4}), &Ending::Ended));
    insta::assert_snapshot!(played.requests[0].instructions, @r#"
    Help.

    Your final answer is one JSON document that is valid against this JSON Schema, without any text before or after it:
    {"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}
    "#);
    insta::assert_snapshot!(told(&played.end.messages), @r#"
    user: go
    assistant: It is four.
    user: [mainspring] your answer is not what was asked for:
    - it is no JSON: expected value at line 1 column 1
    Answer again with one JSON document that is valid against the schema, and nothing else.
    assistant: ```json
    {"n": "four"}
    ```
    user: [mainspring] your answer is not what was asked for:
    - at `/n`: "four" is not of type "integer"
    Answer again with one JSON document that is valid against the schema, and nothing else.
    assistant: {"n": 4}
    "#);
}

#[test]
fn an_answer_that_is_never_valid_fails_with_what_is_wrong() {
    let played = play(structured(), |_| says("{}"));
    assert_eq!(played.requests.len(), 4);
    insta::assert_snapshot!(played.failure(), @r#"
    E2003: the answer of the model is not valid against the schema in `output`
    hint: simplify the schema, or choose a model that follows it
    "#);
    let Ending::Failed(problem) = played.end.ending else { panic!("it failed") };
    assert_eq!(problem.detail.as_deref(), Some("\"n\" is a required property"));
}

#[test]
fn a_wrong_schema_of_the_answer_asks_nobody() {
    let played = play(Brief { output: Some(json!({"type": "four"})), ..brief() }, |_| says("{}"));
    assert!(played.requests.is_empty());
    assert!(played.failure().starts_with("E1102: `output` is not a JSON Schema"));
}

#[test]
fn a_history_that_broke_off_is_made_whole() {
    let said = |answer: Result<mainspring_runtimes::default::ModelAnswer, _>| Message {
        role: Role::Assistant,
        parts: answer.expect("an answer").parts,
    };
    let result =
        |id: &str| Part::ToolResult { id: id.into(), name: "shell".into(), text: "ok".into(), error: false };
    let history = vec![
        Message { role: Role::Tool, parts: vec![result("c0")] },
        Message::user("before"),
        said(calls(&[("shell", json!({"command": "a"})), ("shell", json!({"command": "b"}))])),
        Message { role: Role::Tool, parts: vec![result("c9"), result("c2")] },
        said(shell("c")),
    ];
    let played = play_on(brief(), history, |_| says("Done."));
    insta::assert_snapshot!(told(&played.requests[0].messages), @r#"
    user: before
    assistant: c1: shell {"command":"a"}
    assistant: c2: shell {"command":"b"}
    tool: c1 failed: [mainspring] no result of this call was kept: whether it took place is unknown.
    tool: c2: ok
    assistant: c1: shell {"command":"c"}
    tool: c1 failed: [mainspring] no result of this call was kept: whether it took place is unknown.
    user: go
    "#);
    assert_eq!(told(&played.end.messages), "user: go\nassistant: Done.");
}

#[test]
fn of_the_past_only_the_last_turns_are_told() {
    let history = (1..=3).flat_map(|turn| {
        [Message::user(format!("q{turn}")), Message::text(Role::Assistant, format!("a{turn}"))]
    });
    let played = play_on(Brief { history_turns: Some(1), ..brief() }, history.collect(), |_| says("Done."));
    assert_eq!(told(&played.requests[0].messages), "user: q3\nassistant: a3\nuser: go");
}

#[test]
fn pictures_of_a_user_reach_the_model() {
    let picture = Part::Image { media: "image/png".into(), data: "AA==".into() };
    let history = vec![Message { role: Role::User, parts: vec![Part::text("look"), picture] }];
    let played = play_on(brief(), history, |_| says("I see."));
    assert_eq!(told(&played.requests[0].messages), "user: look\nuser: [image/png]\nuser: go");
}
