//! Tools: which calls reach one, how many at once, and what the model is told.

use mainspring_runtimes::default::{
    Action, Ending, Happening, Message, ModelAnswer, Part, Position, TokenUsage, ToolOutcome, Turn,
};
use mainspring_types::{Code, Problem};
use serde_json::json;

use crate::world::{brief, calls, finish, outcome, play, says, shell, told};

#[test]
fn a_turn_goes_from_calls_to_an_answer() {
    let played = play(brief(), |step| match step {
        1 => calls(&[("shell", json!({"command": "ls"})), ("read", json!({"path": "fail"}))]),
        2 => shell("cat"),
        _ => says("Done."),
    });
    insta::assert_snapshot!(told(&played.end.messages), @r#"
    user: go
    assistant: c1: shell {"command":"ls"}
    assistant: c2: read {"path":"fail"}
    tool: c1: did ls
    tool: c2 failed: did fail
    assistant: c1: shell {"command":"cat"}
    tool: c1: did cat
    assistant: Done.
    "#);
    let end = played.end;
    assert_eq!((end.text.as_str(), end.ending, end.steps, end.tools), ("Done.", Ending::Ended, 3, 3));
    assert_eq!(end.output, json!("Done."));
}

#[test]
fn a_wrong_call_reaches_no_tool_and_is_explained() {
    let played = play(brief(), |step| match step {
        1 => calls(&[
            ("shel", json!({"command": "ls"})),
            ("shell", json!({"command": 4})),
            ("shell", json!("{\"comm")),
            ("shell", json!(null)),
            ("shell", json!({"command": "ls"})),
        ]),
        _ => says("Done."),
    });
    insta::assert_snapshot!(told(&played.end.messages[2..3]), @r#"
    tool: c1 failed: there is no tool `shel`; did you mean `shell`?
    the tools are `shell`, `read`
    tool: c2 failed: `shell` was not called, since its arguments are wrong:
    - at `/command`: 4 is not of type "string"
    tool: c3 failed: `shell` was not called, since its arguments are wrong:
    - they are not a JSON object; the call may have been cut off
    tool: c4 failed: `shell` was not called, since its arguments are wrong:
    - "command" is a required property
    tool: c5: did ls
    "#);
    assert_eq!(played.end.tools, 1);
    assert_eq!(played.remarks.len(), 3, "a call without a tool is for the record");
}

#[test]
fn a_tool_with_a_wrong_schema_is_kept_from_the_model() {
    let mut brief = brief();
    brief.tools[0].parameters = json!({"type": "strange"});
    brief.tools.push(brief.tools[1].clone());
    let played = play(brief, |_| says("Done."));
    assert_eq!(played.requests[0].tools.len(), 1);
    insta::assert_snapshot!(played.remarked(), @r#"
    tool: the tool `shell` is left out: the schema of its arguments is wrong: at `/type`: "strange" is not valid under any of the schemas listed in the 'anyOf' keyword
    tool: the tool `read` is left out: another tool has the same name
    "#);
}

#[test]
fn calls_begin_in_order_and_no_more_than_the_bound() {
    let mut brief = brief();
    brief.bounds.parallel_tools = 2;
    let mut turn = Turn::begin(brief, Vec::new(), 7, vec![Message::user("go")]);
    turn.due();
    let three = ["a", "b", "c"].map(|command| ("shell", json!({"command": command})));
    turn.on(Happening::Answered { step: 1, answer: calls(&three) });
    let begun = |turn: &mut Turn| {
        let position = |action| match action {
            Action::Call { position, .. } => position.to_string(),
            other => format!("{other:?}"),
        };
        turn.due().into_iter().map(position).collect::<Vec<_>>()
    };
    assert_eq!(begun(&mut turn), ["7.1.1", "7.1.2"]);
    let outcome = ToolOutcome { text: "ok".into(), error: false };
    let second = Position { turn: 7, step: 1, index: 2 };
    turn.on(Happening::Returned { position: second, outcome: outcome.clone() });
    assert_eq!(begun(&mut turn), ["7.1.3"]);
    // A second report of the same call is nobody's.
    turn.on(Happening::Returned { position: second, outcome });
    assert_eq!(begun(&mut turn), Vec::<String>::new());
}

#[test]
fn results_stand_in_the_order_of_the_calls() {
    let model = |step| match step {
        1 => calls(&[("shell", json!({"command": "a"})), ("shell", json!({"command": "b"}))]),
        _ => says("Done."),
    };
    let last_first = |open: usize| open - 1;
    let turn = Turn::begin(brief(), Vec::new(), 1, vec![Message::user("go")]);
    assert_eq!(finish(turn, model, last_first), play(brief(), model));
}

#[test]
fn every_call_of_an_answer_has_an_id_of_its_own() {
    let mut answer = calls(&[("shell", json!({"command": "a"})), ("shell", json!({"command": "b"}))]);
    for part in &mut answer.as_mut().expect("an answer").parts {
        if let Part::ToolUse { id, .. } = part {
            "same".clone_into(id);
        }
    }
    let played = play(brief(), |step| if step == 1 { answer.clone() } else { says("Done.") });
    insta::assert_snapshot!(told(&played.end.messages[2..3]), @r#"
    tool: same: did a
    tool: call_1_1_2: did b
    "#);
}

#[test]
fn what_a_turn_used_is_the_sum_of_its_answers() {
    let used = TokenUsage { input_tokens: 5, output_tokens: 7, ..TokenUsage::default() };
    let played = play(brief(), |step| {
        let answer = if step < 3 { shell(&step.to_string()) } else { says("Done.") };
        answer.map(|answer| ModelAnswer { usage: used, ..answer })
    });
    assert_eq!((played.end.usage.input_tokens, played.end.usage.output_tokens), (15, 21));
}

#[test]
fn an_interruption_answers_every_call() {
    let mut turn = Turn::begin(brief(), Vec::new(), 1, vec![Message::user("go")]);
    turn.due();
    let two = ["a", "b"].map(|command| ("shell", json!({"command": command})));
    turn.on(Happening::Answered { step: 1, answer: calls(&two) });
    let Some(Action::Call { position, call }) = turn.due().into_iter().next() else {
        panic!("calls are due")
    };
    turn.on(Happening::Returned { position, outcome: outcome(&call) });
    turn.on(Happening::Interrupted);
    let played = finish(turn, |_| says("never"), |_| 0);
    assert_eq!(played.end.ending, Ending::Interrupted);
    insta::assert_snapshot!(told(&played.end.messages), @r#"
    user: go
    assistant: c1: shell {"command":"a"}
    assistant: c2: shell {"command":"b"}
    tool: c1: did a
    tool: c2 failed: [mainspring] interrupted by the user; what the call had done until then is unknown.
    "#);
}

#[test]
fn a_turn_that_cannot_go_on_keeps_what_was_said() {
    let mut turn = Turn::begin(brief(), Vec::new(), 1, vec![Message::user("go")]);
    turn.due();
    turn.on(Happening::Answered { step: 1, answer: shell("a") });
    turn.due();
    let late = Problem::new(Code::ExecutionTimeout, "the turn took too long");
    turn.on(Happening::Failed(late.clone()));
    let played = finish(turn, |_| says("never"), |_| 0);
    assert_eq!(played.end.ending, Ending::Failed(late));
    insta::assert_snapshot!(told(&played.end.messages), @r#"
    user: go
    assistant: c1: shell {"command":"a"}
    tool: c1 failed: [mainspring] the turn ended before this call returned; what the call had done until then is unknown.
    "#);
}

#[test]
fn an_interrupted_question_leaves_nothing_behind() {
    let mut turn = Turn::begin(brief(), Vec::new(), 1, vec![Message::user("go")]);
    turn.due();
    turn.on(Happening::Interrupted);
    turn.on(Happening::Answered { step: 1, answer: says("too late") });
    let played = finish(turn, |_| says("never"), |_| 0);
    assert_eq!(told(&played.end.messages), "user: go");
    assert_eq!(played.end.text, "");
}
