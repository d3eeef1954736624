//! What is left out of a conversation that does not fit the model.

use mainspring_runtimes::default::{Brief, Broken, Message, Part, Role, TokenUsage};

use crate::world::{brief, play, play_on, says, shell, told};

/// A brief whose model takes so many tokens, half of them for the answer.
fn narrow(context_tokens: u64) -> Brief {
    let mut brief = brief();
    brief.bounds.context_tokens = context_tokens;
    brief
}

fn turns(count: usize, text: &str) -> Vec<Message> {
    let turn =
        |turn| [Message::user(format!("q{turn}")), Message::text(Role::Assistant, format!("a{turn} {text}"))];
    (1..=count).flat_map(turn).collect()
}

#[test]
fn a_long_output_is_cut_in_the_middle_for_the_model_alone() {
    let mut brief = brief();
    brief.bounds.output_chars = 10;
    let played = play(brief, |step| if step == 1 { shell("big 25") } else { says("Done.") });
    insta::assert_snapshot!(told(&played.requests[1].messages[2..]), @r#"
    tool: c1: xxxxx
    [mainspring] 15 of 25 characters are left out here
    xxxxx
    "#);
    assert_eq!(told(&played.end.messages[2..3]), "tool: c1: xxxxxxxxxxxxxxxxxxxxxxxxx");
}

#[test]
fn old_outputs_go_first() {
    let played = play(narrow(8_000), |step| match step {
        1..=4 => shell(&format!("big {}", 4_000 + step)),
        _ => says("Done."),
    });
    insta::assert_snapshot!(played.remarked(), @"context: left out to fit the model's context: 2 outputs of `shell` (8003 characters)");
    insta::assert_snapshot!(told(&played.requests[4].messages), @r#"
    user: go
    assistant: c1: shell {"command":"big 4001"}
    tool: c1: [mainspring] the output of `shell` (call `c1`, message 3, 4001 characters) was left out to make room; call the tool again if it is needed.
    assistant: c1: shell {"command":"big 4002"}
    tool: c1: [mainspring] the output of `shell` (call `c1`, message 5, 4002 characters) was left out to make room; call the tool again if it is needed.
    assistant: c1: shell {"command":"big 4003"}
    tool: c1: <4003 x>
    assistant: c1: shell {"command":"big 4004"}
    tool: c1: <4004 x>
    "#);
    assert!(told(&played.end.messages).contains("<4001 x>"));
}

#[test]
fn then_old_thinking() {
    let thought = |letter: &str| Part::Thinking { text: letter.repeat(8_000), opaque: None };
    let answer =
        |letter: &str| Message { role: Role::Assistant, parts: vec![thought(letter), Part::text("ok")] };
    let history = vec![Message::user("q1"), answer("a"), Message::user("q2"), answer("b")];
    let played = play_on(narrow(8_000), history, |_| says("Done."));
    insta::assert_snapshot!(played.remarked(), @"context: left out to fit the model's context: the thinking of 1 answer");
    insta::assert_snapshot!(told(&played.requests[0].messages), @r#"
    user: q1
    assistant: ok
    user: q2
    assistant: (<8000 b>)
    assistant: ok
    user: go
    "#);
}

#[test]
fn then_whole_turns_but_the_first_message_and_the_last_turns() {
    let played = play_on(narrow(8_000), turns(5, &"x".repeat(5_000)), |_| says("Done."));
    insta::assert_snapshot!(played.remarked(), @"context: left out to fit the model's context: 3 earlier turns");
    insta::assert_snapshot!(told(&played.requests[0].messages), @r#"
    user: q1
    user: [mainspring] 5 messages that followed here were left out to make room.
    user: q4
    assistant: a4 <5000 x>
    user: q5
    assistant: a5 <5000 x>
    user: go
    "#);
}

#[test]
fn then_steps_of_this_turn() {
    let long = "y".repeat(4_000);
    let played =
        play(narrow(8_000), |step| if step <= 5 { shell(&format!("{step}{long}")) } else { says("Done.") });
    insta::assert_snapshot!(played.remarked(), @r#"
    context: left out to fit the model's context: all but 1875 characters of each output
    context: left out to fit the model's context: 1 output of `shell` (4005 characters), 1 step of this turn
    context: left out to fit the model's context: 1 output of `shell` (4005 characters), 1 step of this turn
    context: left out to fit the model's context: 1 output of `shell` (4005 characters), 1 step of this turn
    "#);
    insta::assert_snapshot!(told(&played.requests[5].messages), @r#"
    user: go
    user: [mainspring] 6 messages that followed here were left out to make room.
    assistant: c1: shell {"command":"4<4000 y>"}
    tool: c1: did 4<932 y>
    [mainspring] 2130 of 4005 characters are left out here
    <938 y>
    assistant: c1: shell {"command":"5<4000 y>"}
    tool: c1: did 5<932 y>
    [mainspring] 2130 of 4005 characters are left out here
    <938 y>
    "#);
}

#[test]
fn then_the_outputs_that_are_left_are_cut() {
    let played = play(narrow(8_000), |step| if step == 1 { shell("big 29000") } else { says("Done.") });
    insta::assert_snapshot!(played.remarked(), @"context: left out to fit the model's context: all but 15000 characters of each output");
    insta::assert_snapshot!(told(&played.requests[1].messages[2..]), @r#"
    tool: c1: <7500 x>
    [mainspring] 14000 of 29000 characters are left out here
    <7500 x>
    "#);
}

#[test]
fn what_is_left_out_stays_out() {
    let played = play(narrow(8_000), |step| match step {
        1..=4 => shell(&format!("big {}", 4_000 + step)),
        5..=7 => shell(&step.to_string()),
        _ => says("Done."),
    });
    assert_eq!(played.remarks.len(), 1);
    for pair in played.requests[4..].windows(2) {
        assert_eq!(pair[1].messages[..pair[0].messages.len()], pair[0].messages);
    }
}

#[test]
fn the_count_of_the_provider_corrects_the_estimate() {
    let counted = |input_tokens| {
        play(narrow(8_000), |step| {
            let answer = if step <= 3 { shell(&format!("big {}", 2_000 + step)) } else { says("Done.") };
            let usage = TokenUsage { input_tokens, ..TokenUsage::default() };
            answer.map(|answer| mainspring_runtimes::default::ModelAnswer { usage, ..answer })
        })
    };
    assert_eq!(counted(0).remarked(), "");
    assert_ne!(counted(5_000).remarked(), "");
}

#[test]
fn a_provider_that_finds_it_too_long_is_asked_for_less_once() {
    let mut refused = false;
    let played = play_on(brief(), turns(6, &"x".repeat(5_000)), |_| {
        if std::mem::replace(&mut refused, true) {
            return says("Done.");
        }
        let message = "This model's maximum context length is 8192 tokens.".to_owned();
        Err(Broken::Refused { status: 400, code: None, message })
    });
    assert_eq!((played.end.text.as_str(), played.requests.len()), ("Done.", 2));
    insta::assert_snapshot!(played.remarked(), @"context: left out to fit the model's context: 4 earlier turns");
}
