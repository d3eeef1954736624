//! How far a turn may go, and how it says that it went too far.

use mainspring_runtimes::default::{Broken, Calls, Ending, Stop};

use crate::world::{brief, play, says, shell, stopped, told};

#[test]
fn a_turn_out_of_steps_wraps_up() {
    let mut brief = brief();
    brief.bounds.steps = 2;
    let played = play(brief, |step| if step <= 2 { shell(&step.to_string()) } else { says("Half done.") });
    assert_eq!((played.end.text.as_str(), &played.end.ending), ("Half done.", &Ending::Ended));
    let last = &played.requests[2];
    assert_eq!((last.calls, last.tools.len()), (Calls::Forbidden, 2));
    insta::assert_snapshot!(told(&last.messages[5..]), @"user: [mainspring] all 2 model calls of this turn are used and no tool can be called any more. Give your answer now: what was done, what was found, and what is left to do.");
    insta::assert_snapshot!(played.remarked(), @"steps: all 2 model calls of the turn are used: the model is asked to wrap up");
}

#[test]
fn a_turn_that_cannot_wrap_up_fails() {
    let mut brief = brief();
    brief.bounds.steps = 2;
    let played = play(brief, |step| shell(&step.to_string()));
    assert_eq!((played.requests.len(), played.calls.len()), (3, 2));
    insta::assert_snapshot!(played.failure(), @r#"
    E2001: the turn used its 2 model calls and did not come to an answer
    hint: raise `limits.steps`, or ask for less at a time
    "#);
}

#[test]
fn a_model_that_repeats_itself_is_told_and_then_stopped() {
    let played = play(brief(), |_| shell("ls"));
    assert_eq!(played.requests.len(), 4);
    insta::assert_snapshot!(told(&played.requests[3].messages[6..]), @r#"
    tool: c1: did ls

    [mainspring] these calls were made 3 times in a row with the same results. Making them again leads nowhere: try something else, or say what stands in the way.
    "#);
    insta::assert_snapshot!(played.remarked(), @r#"repetition: `shell {"command":"ls"}`: 3 times in a row with the same result"#);
    insta::assert_snapshot!(played.failure(), @r#"
    E2001: the model makes no progress: 4 times in a row it called `shell {"command":"ls"}` with the same result
    hint: look at what the tool returned; say in `instructions:` what to do then, or raise `limits.repeats`
    "#);
}

#[test]
fn two_calls_in_turn_are_a_repetition_too() {
    let played = play(brief(), |step| shell(if step % 2 == 1 { "a" } else { "b" }));
    assert_eq!(played.requests.len(), 8);
    insta::assert_snapshot!(played.failure(), @r#"
    E2001: the model makes no progress: 4 times in a row it called `shell {"command":"a"}`, then `shell {"command":"b"}` with the same result
    hint: look at what the tool returned; say in `instructions:` what to do then, or raise `limits.repeats`
    "#);
}

#[test]
fn an_answer_without_words_is_asked_for_again() {
    let played = play(brief(), |step| if step < 3 { says(" ") } else { says("Here.") });
    insta::assert_snapshot!(told(&played.end.messages), @r#"
    user: go
    user: [mainspring] your answer was empty. Answer the user, or call a tool.
    user: [mainspring] your answer was empty. Answer the user, or call a tool.
    assistant: Here.
    "#);
    let played = play(brief(), |_| says(""));
    assert_eq!(played.requests.len(), 4);
    insta::assert_snapshot!(played.failure(), @r#"
    E2001: the model gave no answer, 4 times in a row
    hint: say in `instructions:` what the answer is to hold, or choose another model with `model:`
    "#);
}

#[test]
fn an_answer_cut_off_goes_on_once() {
    let played = play(brief(), |step| match step {
        1 => stopped(says("Once upon "), Stop::Length),
        _ => says("a time."),
    });
    assert_eq!(played.end.text, "Once upon a time.");
    insta::assert_snapshot!(told(&played.end.messages), @r#"
    user: go
    assistant: Once upon 
    user: [mainspring] your answer was cut off at the most tokens it may have. Go on exactly where it stopped. Tool calls in it were not made; make them again, with less in each.
    assistant: a time.
    "#);
    let mut brief = brief();
    brief.options.max_output_tokens = Some(100);
    let played = play(brief, |_| stopped(says("and "), Stop::Length));
    insta::assert_snapshot!(played.failure(), @r#"
    E2001: the answer of the model was cut off twice at the 100 tokens it may have
    hint: set `model_options.max_output_tokens` higher, or ask for less at a time
    "#);
}

#[test]
fn calls_in_an_answer_cut_off_are_not_made() {
    let played =
        play(brief(), |step| if step == 1 { stopped(shell("rm"), Stop::Length) } else { says("No.") });
    assert!(played.calls.is_empty());
    assert_eq!(played.end.text, "No.");
}

#[test]
fn a_model_that_declines_fails_the_turn() {
    let played = play(brief(), |_| stopped(says("I can't help with that."), Stop::Refused));
    insta::assert_snapshot!(played.failure(), @r#"
    E2001: the model refused to answer
    hint: ask in other words, or choose another model with `model:`
    "#);
}

#[test]
fn an_answer_that_broke_off_is_asked_for_again() {
    let mut asked = 0;
    let played = play(brief(), |_| {
        asked += 1;
        if asked < 4 { Err(Broken::Truncated) } else { says("Here.") }
    });
    assert_eq!((played.end.text.as_str(), played.end.steps, played.requests.len()), ("Here.", 1, 4));
    assert!(played.requests.windows(2).all(|pair| pair[0] == pair[1]));
    let played = play(brief(), |_| Err(Broken::Truncated));
    insta::assert_snapshot!(played.failure(), @r#"
    E1602: the answer of the model broke off, 4 times in a row
    hint: try again later, or choose another model with `model:`
    "#);
}

#[test]
fn a_refusal_is_told_in_the_words_of_who_refused() {
    let refused = |status, code: &str, message: &str| {
        let (code, message) = (Some(code.to_owned()), message.to_owned());
        play(brief(), move |_| Err(Broken::Refused { status, code: code.clone(), message: message.clone() }))
            .failure()
    };
    insta::assert_snapshot!(refused(400, "invalid_request_error", "no such model"), @r#"
    E1602: no such model
    hint: -
    "#);
    insta::assert_snapshot!(refused(403, "E1604", "the budget `day` leaves no room"), @r#"
    E1604: the budget `day` leaves no room
    hint: -
    "#);
    insta::assert_snapshot!(refused(400, "context_length_exceeded", "at most 8192 tokens"), @r#"
    E1602: the conversation is too long for the model: at most 8192 tokens
    hint: set `limits.context_tokens` to what the model takes, or begin a new session
    "#);
}
