use mainspring_types::StepId;
use serde_json::{Value, json};

use super::*;
use crate::{
    output::Palette,
    render::{
        Frame,
        fixture::{approval, at, journal},
    },
};

/// A step of a story: an entry, or a piece of what is said.
enum Beat {
    Entry(&'static str, Value),
    Said(DeltaKind, u32, &'static str),
}
use Beat::{Entry as E, Said};

const TEXT: DeltaKind = DeltaKind::Text;

fn tell(talk: &mut Talk, story: &[Beat]) {
    for (second, beat) in (0..).zip(story) {
        match beat {
            E(kind, data) => {
                let mut data = data.clone();
                data["step"] = json!("main");
                talk.fold(&journal(&[(second * 1000, kind, data)])[0]);
            }
            Said(kind, call, text) => talk.hear(&Delta {
                step: StepId::new("main").expect("a step name"),
                turn: 1,
                call: *call,
                kind: *kind,
                text: (*text).to_owned(),
            }),
        }
    }
}

fn frame(millis: i64) -> Frame {
    Frame { now: at(millis), number: 0, palette: Palette::Plain, columns: 70 }
}

/// What stays after a while, and below the line what is happening.
fn picture(talk: &mut Talk, millis: i64) -> String {
    let mut settled = talk.settled(frame(millis));
    let later = Frame { number: 10, ..frame(millis) };
    settled.extend(talk.settled(later));
    let foot = talk.foot(later).iter().fold(String::new(), |text, line| text + "\n" + line);
    format!("{}\n--------{foot}\n", settled.join("\n"))
}

fn shown(story: &[Beat]) -> String {
    let mut talk = Talk::new(Place::Chat, []);
    tell(&mut talk, story);
    picture(&mut talk, 1000 * i64::try_from(story.len()).expect("a short story"))
}

fn call(effect: &str, tool: &str, arguments: &Value) -> Value {
    json!({"effect": effect, "tool": tool, "arguments": arguments, "position": "1.1.0", "try": 1})
}

fn done(effect: &str, tool: &str, output: &str, error: bool) -> Beat {
    E("tool.committed", json!({"effect": effect, "tool": tool, "output": output, "error": error, "ms": 1200}))
}

#[test]
fn an_answer_that_is_asked_for_again_is_shown_once() {
    let story = [
        E("attempt.started", json!({"attempt": 1})),
        Said(TEXT, 1, "I run the tests.\nThen"),
        Said(DeltaKind::Again, 1, ""),
        Said(TEXT, 1, "I run the tests.\n"),
        Said(TEXT, 1, "Then I look.\n"),
    ];
    let shown = shown(&story);
    assert_eq!(shown.matches("I run the tests.").count(), 1, "{shown}");
    assert_eq!(shown.matches("Then I look.").count(), 1, "{shown}");
}

#[test]
fn text_is_shown_as_it_comes_and_its_whole_lines_stay() {
    insta::assert_snapshot!(shown(&[
        E("attempt.started", json!({"attempt": 1})),
        E("effect.intended", json!({"effect": "m1", "model": "openai/gpt-4o-mini"})),
        Said(DeltaKind::Thinking, 1, "The user wants\nthe tests."),
        Said(TEXT, 1, "I run the **tests**.\nThen I"),
        Said(TEXT, 1, " look"),
    ]), @"
    The user wants
    the tests.

    I run the tests.
    --------
    Then I look

    ⠋ answers · 5.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn before_the_first_word_it_says_who_is_asked() {
    insta::assert_snapshot!(shown(&[
        E("attempt.started", json!({"attempt": 1})),
        E("effect.intended", json!({"effect": "m1", "model": "openai/gpt-4o-mini"})),
        E("effect.retried", json!({"effect": "m1", "model": "gpt-4o-mini", "try": 1, "error": "status 529: overloaded"})),
    ]), @"
    --------
        model gpt-4o-mini · try 1 failed: status 529: overloaded; trying…

    ⠋ asks openai/gpt-4o-mini · 3.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn calls_under_way_turn_and_finished_ones_show_their_first_lines() {
    let long = (1..=9).map(|line| format!("test {line} ... ok")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(shown(&[
        Said(TEXT, 1, "Let me look."),
        Said(DeltaKind::Tool, 1, "shell"),
        E("tool.intended", call("e1", "shell", &json!({"command": "cargo test"}))),
        E("tool.intended", call("e2", "read_file", &json!({"path": "src/main.rs"}))),
        E("tool.intended", call("e3", "web_fetch", &json!({"url": "https://example.com/"}))),
        done("e1", "shell", &long, false),
        done("e2", "read_file", "fn main() {\n}\n", false),
    ]), @"
    Let me look.

      ✓ shell  cargo test  1.2 s
        │ test 1 ... ok
        │ test 2 ... ok
        │ test 3 ... ok
        │ test 4 ... ok
        │ test 5 ... ok
        … 4 more lines
      ✓ read_file  src/main.rs  1.2 s  2 lines
    --------
      ⠋ web_fetch  https://example.com/  3.0 s

    ⠋ works · 5.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn what_went_wrong_is_told_on_its_card() {
    insta::assert_snapshot!(shown(&[
        E("tool.intended", call("e1", "shell", &json!({"command": "make"}))),
        done("e1", "shell", "make: *** No targets.  Stop.\n[exit 2]", true),
        E("tool.intended", call("e2", "python", &json!({"code": "print(1)"}))),
        E("tool.failed", json!({"effect": "e2", "tool": "python", "error": "no interpreter was found"})),
        E("tool.intended", call("e3", "shell", &json!({"command": "git push"}))),
        E("tool.unknown", json!({"effect": "e3", "tool": "shell", "error": "the server died"})),
        E("tool.denied", json!({"tool": "shell", "arguments": {"command": "sudo rm"}, "why": "agent.yaml:9 denies shell(sudo*)"})),
    ]), @"
      ✗ shell  make  1.2 s
        │ make: *** No targets.  Stop.
        │ [exit 2]
      ✗ python  print(1)  1.0 s
        │ no interpreter was found
      ? shell  git push  1.0 s  cut off: nobody knows how far it came
        │ the server died
      ⊘ shell  sudo rm  not allowed
        │ agent.yaml:9 denies shell(sudo*)
    --------

    ⠋ goes on · 7.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn an_edit_shows_what_it_changes() {
    let edit = json!({"path": "a.rs", "old": "let a = 1;", "new": "let a = 2;\nlet b = 3;"});
    insta::assert_snapshot!(shown(&[
        E("tool.intended", call("e1", "edit_file", &edit)),
        done("e1", "edit_file", "edited", false),
        E("tool.intended", call("e2", "write_file", &json!({"path": "b.rs", "content": "x"}))),
        done("e2", "write_file", "", false),
    ]), @"
      ✓ edit_file  a.rs  1.2 s
        │ - let a = 1;
        │ + let a = 2;
        │ + let b = 3;
      ✓ write_file  b.rs  1.2 s  no output
    --------

    ⠋ goes on · 4.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn after_a_loss_the_journal_answers_and_nothing_is_shown_twice() {
    insta::assert_snapshot!(shown(&[
        Said(TEXT, 1, "I run it."),
        E("tool.intended", call("e1", "shell", &json!({"command": "make"}))),
        done("e1", "shell", "ok\n[exit code 0]", false),
        E("tool.intended", call("e2", "shell", &json!({"command": "make install"}))),
        E("attempt.lost", json!({"attempt": 1, "loss": "server"})),
        E("attempt.started", json!({"attempt": 2})),
        E("effect.replayed", json!({"effect": "m1", "model": "gpt-4o-mini", "state": "committed"})),
        Said(TEXT, 1, "I run it."),
        E("tool.replayed", json!({"effect": "e1", "tool": "shell"})),
        E("tool.intended", json!({"effect": "e2", "tool": "shell", "arguments": {"command": "make install"}, "try": 2})),
    ]), @"
    I run it.

      ✓ shell  make  1.2 s
        │ ok
      attempt 1 was cut off: the server died
      ↺ 2 calls from the journal
    --------
      ⠋ shell  make install  1.0 s  try 2

    ⠋ works · 9.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn a_call_that_was_not_seen_before_is_shown_as_replayed() {
    insta::assert_snapshot!(shown(&[
        E("tool.replayed", json!({"effect": "e1", "tool": "shell", "arguments": {"command": "make"}})),
    ]), @"
      ↺ shell  make  from the journal
    --------

    ⠋ goes on · 1.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn a_turn_ends_with_what_it_used_and_its_text_once() {
    insta::assert_snapshot!(shown(&[
        E("message.added", json!({"message_id": 1, "text": "What is 2+2?"})),
        E("effect.intended", json!({"effect": "m1", "model": "gpt-4o-mini"})),
        Said(TEXT, 1, "It is"),
        E("effect.committed", json!({"effect": "m1", "usage": {"input_tokens": 300, "output_tokens": 12}, "cost": "$0.0012"})),
        E("turn.ended", json!({"turn": 1, "text": "It is 4."})),
        E("gate.opened", json!({"gate_id": approval().gate_id, "kind": "input"})),
    ]), @"
    › What is 2+2?

    It is 4.

      4.0 s · 1 model call · 312 tokens · $0.0012
    --------
    ");
}

#[test]
fn an_interruption_takes_back_what_was_asked() {
    let gate = approval().gate_id;
    insta::assert_snapshot!(shown(&[
        E("gate.opened", json!({"gate_id": gate, "kind": "approval", "tool": "shell", "arguments": {"command": "rm -rf build"}})),
        E("turn.interrupted", json!({"turn": 1, "by": "ann"})),
        E("run.interrupted", json!({})),
        E("gate.settled", json!({"gate_id": gate, "action": "withdraw", "by": "ann"})),
    ]), @"

      interrupted by ann
      ■ shell: rm -rf build · withdrawn by ann
    --------

    ⠋ goes on · Ctrl-C interrupts
    ");
}

#[test]
fn what_is_decided_and_what_the_runtime_does_is_told() {
    let gate = approval().gate_id;
    insta::assert_snapshot!(shown(&[
        E("gate.opened", json!({"gate_id": gate, "kind": "approval", "tool": "shell", "arguments": {"command": "rm -rf build"}})),
        E("attempt.ended", json!({"attempt": 1, "end": "parked"})),
        E("gate.settled", json!({"gate_id": gate, "action": "deny", "by": "me", "message": "use git clean"})),
        E("child.started", json!({"effect": "e9", "tool": "task", "agent": "researcher", "run_id": "run_1"})),
        E("remark", json!({"kind": "context", "message": "dropped 3 old turns"})),
        E("run.cancel_requested", json!({})),
    ]), @"
      ✗ shell: rm -rf build · denied by me: use git clean
      dropped 3 old turns
      cancel was asked for
    --------
      ⠋ task  3.0 s  researcher works as run_1
    ");
}

#[test]
fn what_was_typed_here_is_not_shown_again_when_it_is_heard() {
    let mut talk = Talk::new(Place::Chat, []);
    talk.say("hello\nagain");
    tell(
        &mut talk,
        &[
            E("message.added", json!({"message_id": 1, "text": "hello\nagain"})),
            E("message.added", json!({"message_id": 2, "text": "from elsewhere"})),
        ],
    );
    insta::assert_snapshot!(picture(&mut talk, 3000), @"
    › hello
      again
    › from elsewhere
    --------

    ⠋ goes on · 3.0 s · Ctrl-C interrupts
    ");
}

#[test]
fn a_long_paragraph_does_not_fill_the_foot() {
    let mut talk = Talk::new(Place::Chat, []);
    let word: &'static str = "word word word word word word word word word word ";
    let story: Vec<Beat> = (0..20).map(|_| Said(TEXT, 1, word)).collect();
    tell(&mut talk, &story);
    assert!(talk.settled(frame(0)).len() > 5);
    assert!(talk.foot(frame(0)).len() < 10);
    tell(&mut talk, &[E("turn.ended", json!({"turn": 1, "text": word.repeat(20)}))]);
    let rest = talk.settled(frame(0)).join("\n");
    assert!(rest.matches("word").count() < 100, "{rest}");
}

#[test]
fn words_that_come_late_stand_before_what_they_led_to() {
    let mut talk = Talk::new(Place::Chat, []);
    tell(
        &mut talk,
        &[
            E("tool.intended", call("e1", "list_files", &json!({"path": "."}))),
            done("e1", "list_files", "a\nb", false),
            E("effect.intended", json!({"effect": "m2", "model": "gpt-4o-mini"})),
        ],
    );
    assert_eq!(talk.settled(frame(0)), Vec::<String>::new());
    tell(&mut talk, &[Said(TEXT, 1, "I list")]);
    insta::assert_snapshot!(talk.foot(frame(5000)).join("\n"), @"
    I list

      ✓ list_files  .  1.2 s  2 lines

    ⠋ answers · 5.0 s · Ctrl-C interrupts
    ");
    tell(&mut talk, &[Said(TEXT, 1, " the files."), Said(TEXT, 2, "Two of them.")]);
    insta::assert_snapshot!(picture(&mut talk, 6000), @"
    I list the files.

      ✓ list_files  .  1.2 s  2 lines
    --------

    Two of them.

    ⠋ answers · 6.0 s · Ctrl-C interrupts
    ");
}
