//! Answers that fit a gate, and what is said of those that do not.

use mainspring_agent::GatePolicy;
use mainspring_types::Hash;

use super::*;
use crate::broker::{Wanted, fixture::pass, question::Asking};

fn gate(kind: GateKind) -> GateRow {
    let wanted = Wanted {
        position: "1.0.0".into(),
        tool: "shell".into(),
        arguments: "{}".into(),
        unsure: None,
        refused: None,
    };
    let policy = GatePolicy::default();
    let asking = Asking { pass: &pass(1), wanted: &wanted, policy: &policy, now: Timestamp::from_millis(1) };
    GateRow { kind, ..asking.question(Hash::of(b"gate"), &Value::Null) }
}

fn answer(action: Action, message: Option<&str>) -> Answer {
    let message = message.map(str::to_owned);
    Answer { action, by: "ada".into(), arguments: None, message, remember: false }
}

#[test]
fn each_kind_of_gate_takes_answers_of_its_own() {
    use Action::{Answer, Approve, Deny};
    for (kind, takes) in [
        (GateKind::Approval, vec![Approve, Deny]),
        (GateKind::Question, vec![Answer, Deny]),
        (GateKind::Input, vec![Answer]),
        (GateKind::Unknown, vec![Approve, Answer, Deny]),
    ] {
        for action in [Approve, Answer, Deny] {
            let unfit = answer(action, Some("said")).unfit(&gate(kind));
            assert_eq!(unfit.is_none(), takes.contains(&action), "{kind} {action:?} {unfit:?}");
        }
    }
}

#[test]
fn an_unfit_answer_is_told_what_would_fit() {
    let unfit = |answer: Answer, kind: GateKind| answer.unfit(&gate(kind)).expect("it does not fit");
    let approve = || answer(Action::Approve, None);
    assert_eq!(
        unfit(approve(), GateKind::Question),
        "a gate of kind `question` takes `answer` or `deny`, not `approve`"
    );
    assert_eq!(unfit(answer(Action::Answer, None), GateKind::Question), "an answer needs a `message`");
    assert_eq!(unfit(answer(Action::Answer, Some("  ")), GateKind::Input), "an answer needs a `message`");
    let edits = |text: &str| Some(text.to_owned());
    let edited = Answer { arguments: edits("{}"), ..answer(Action::Deny, None) };
    assert_eq!(
        unfit(edited, GateKind::Approval),
        "other arguments come with the approval of a tool call alone"
    );
    let remembered = Answer { remember: true, ..answer(Action::Deny, None) };
    assert_eq!(unfit(remembered, GateKind::Approval), "only the approval of a tool call can be remembered");
    for text in ["[1]", "\"rm\"", "no JSON"] {
        let edited = Answer { arguments: edits(text), ..approve() };
        assert_eq!(unfit(edited, GateKind::Approval), "`arguments` is not a JSON object");
    }
    let fit = Answer { arguments: edits("{\"command\":\"ls\"}"), remember: true, ..approve() };
    assert_eq!(fit.unfit(&gate(GateKind::Approval)), None);
}

#[test]
fn what_is_remembered_is_the_shape_that_the_gate_showed() {
    let gate = GateRow { shape: Some("shell(git push *)".into()), ..gate(GateKind::Approval) };
    let remembered = |remember| {
        let answer = Answer { remember, ..answer(Action::Approve, None) };
        let giving = Giving { tenant: TenantId::sole(), gate: gate.id(), answer, wake: None };
        giving.settled(&gate, Timestamp::from_millis(2)).remembered
    };
    assert_eq!(remembered(true).as_deref(), Some("shell(git push *)"));
    assert_eq!(remembered(false), None);
}
