use serde_json::json;

use super::*;
use crate::{
    render::fixture::{approval, at, question},
    terminal::Keys,
};

/// What is decided with these keys.
fn pressed(gate: GateView, bytes: &str) -> Option<AnswerGate> {
    let mut ask = Ask::new(gate);
    let acts = Keys::default()
        .feed(bytes.as_bytes())
        .into_iter()
        .filter_map(|key| ask.press(key).unwrap_or_default());
    match acts.last() {
        Some(Act::Answer(_, answer)) => Some(answer),
        _ => None,
    }
}

fn shown(gate: GateView, bytes: &str) -> String {
    let mut ask = Ask::new(gate);
    for key in Keys::default().feed(bytes.as_bytes()) {
        assert_eq!(ask.press(key), Ok(None));
    }
    let (mut lines, cursor) = ask.lines(at(0), Palette::Plain, 80);
    let row: String = lines[cursor.row].chars().chain(std::iter::repeat(' ')).take(cursor.column).collect();
    lines[cursor.row] = row + "▏" + &lines[cursor.row].chars().skip(cursor.column).collect::<String>();
    lines.join("\n")
}

#[test]
fn a_single_key_decides() {
    assert_eq!(pressed(approval(), "y"), Some(plain(Action::Approve)));
    let always = pressed(approval(), "a").expect("decided");
    assert!(always.remember && always.action == Action::Approve);
    assert_eq!(pressed(approval(), "xq\r \x1b[A"), None);
    let without_shape = GateView { shape: None, ..approval() };
    assert_eq!(pressed(without_shape, "a"), None);
}

#[test]
fn a_denial_may_carry_a_reason() {
    assert_eq!(pressed(approval(), "n\r"), Some(plain(Action::Deny)));
    let denied = pressed(approval(), "nuse git clean\r").expect("decided");
    assert_eq!((denied.action, denied.message.as_deref()), (Action::Deny, Some("use git clean")));
}

#[test]
fn the_argument_that_matters_is_edited_as_text() {
    let edited = pressed(approval(), "e\x17out\r").expect("decided");
    assert_eq!(edited.arguments, Some(json!({"command": "rm -rf out", "timeout": 5})));
    assert_eq!(edited.action, Action::Approve);
}

#[test]
fn other_arguments_are_edited_as_json_and_must_be_an_object() {
    let gate = GateView {
        tool: Some("db__move".into()),
        arguments: Some(json!({"from": 1, "to": 2})),
        ..approval()
    };
    let edited = pressed(gate.clone(), "e\x15{\"from\":3}\r").expect("decided");
    assert_eq!(edited.arguments, Some(json!({"from": 3})));
    assert_eq!(pressed(gate.clone(), "e\x15[1]\r"), None);
    assert_eq!(pressed(gate, "e\x15{\r"), None);
}

#[test]
fn escape_goes_back_and_then_leaves_the_gate_open() {
    let mut ask = Ask::new(approval());
    assert_eq!(ask.press(Key::Char('n')), Ok(None));
    assert_eq!(ask.press(Key::Escape), Ok(None));
    assert_eq!(ask.press(Key::Escape), Ok(Some(Act::Later(approval().gate_id))));
    assert_eq!(Ask::new(question()).press(Key::Escape), Ok(Some(Act::Later(question().gate_id))));
}

#[test]
fn a_question_takes_a_number_or_a_text() {
    let answered = |bytes: &str| pressed(question(), bytes).and_then(|answer| answer.message);
    assert_eq!(answered("2").as_deref(), Some("dev"));
    assert_eq!(answered("the one with 2 commits\r").as_deref(), Some("the one with 2 commits"));
    assert_eq!(answered("9\r").as_deref(), Some("9"));
    assert_eq!(answered("\r"), None);
}

#[test]
fn what_became_of_a_call_is_said_by_a_key_or_in_words() {
    let unknown = || GateView { kind: GateKind::Unknown, ..approval() };
    assert_eq!(pressed(unknown(), "m"), Some(plain(Action::Approve)));
    assert_eq!(pressed(unknown(), "f"), Some(plain(Action::Deny)));
    let said = pressed(unknown(), "sremoved\r").expect("decided");
    assert_eq!((said.action, said.message.as_deref()), (Action::Answer, Some("removed")));
}

#[test]
fn an_approval_shows_the_call_and_its_keys() {
    insta::assert_snapshot!(shown(approval(), ""), @"

    Allow shell?
      rm -rf build
      timeout: 5
      agent.yaml:9 asks for shell
      without an answer it is denied in 1 h 00 min
    [y]es  [n]o  [a]lways like this (shell(rm -rf*))  [e]dit  esc later ▏
    ");
    insta::assert_snapshot!(shown(approval(), "nbecause"), @"

    Allow shell?
      rm -rf build
      timeout: 5
      agent.yaml:9 asks for shell
      without an answer it is denied in 1 h 00 min
    why not (Enter for no reason): because▏
    ");
    insta::assert_snapshot!(shown(approval(), "e"), @"

    Allow shell?
      rm -rf build
      timeout: 5
      agent.yaml:9 asks for shell
      without an answer it is denied in 1 h 00 min
    instead: rm -rf build▏
    ");
}

#[test]
fn a_question_shows_its_choices() {
    insta::assert_snapshot!(shown(question(), "neither"), @"

    Which branch is meant?
      1 main
      2 dev
    answer: neither▏
    ");
}

#[test]
fn long_arguments_are_cut_and_a_lost_call_is_told() {
    let content = (1..=12).map(|number| format!("line {number}")).collect::<Vec<_>>().join("\n");
    let gate = GateView {
        kind: GateKind::Unknown,
        tool: Some("write_file".into()),
        arguments: Some(json!({"path": "notes.md", "content": content})),
        why: Some("the server died while it was made".into()),
        ..approval()
    };
    insta::assert_snapshot!(shown(gate, ""), @"

    write_file broke off, and nobody knows how far it came
      notes.md
      content:
        line 1
        line 2
        line 3
        line 4
        line 5
        line 6
      … 6 more lines
      the server died while it was made
      without an answer it is denied in 1 h 00 min
    [m]ake it again  [s]ay what it returned  [f]ailed: leave it so  esc later ▏
    ");
}
