//! What gates are known by, and the texts that people and agents see of them.

use std::time::Duration;

use mainspring_agent::{EffectClass, Escalation, Verdict};
use mainspring_store::{EffectState, Mine};
use mainspring_types::{AttemptNo, EffectId, GateAction, RunId};
use serde_json::json;

use super::*;
use crate::broker::fixture::pass;

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn wanted(tool: &str, arguments: &Value) -> Wanted {
    let (position, arguments) = ("1.2.0".into(), arguments.to_string());
    Wanted { position, tool: tool.into(), arguments, unsure: None, refused: None }
}

fn push() -> (Wanted, Value) {
    let arguments = json!({ "command": "git push origin main" });
    (wanted("shell", &arguments), arguments)
}

#[test]
fn a_gate_is_found_again_by_every_attempt_and_by_no_other_call_run_or_try() {
    let (one, other) = (Hash::of(b"one"), Hash::of(b"other"));
    let first = pass(1);
    assert_eq!(gate_of(&first, &one), gate_of(&pass(2), &one));
    assert_eq!(doubt_of(&first, &one, 1), doubt_of(&pass(3), &one, 1));
    let mut elsewhere = pass(1);
    elsewhere.key.run = RunId::from_u128(2);
    let all = [
        gate_of(&first, &one),
        gate_of(&first, &other),
        gate_of(&elsewhere, &one),
        doubt_of(&first, &one, 1),
        doubt_of(&first, &one, 2),
    ];
    let different: std::collections::BTreeSet<_> = all.iter().map(|hash| *hash.as_bytes()).collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn an_approval_says_why_it_is_asked_and_what_can_be_remembered() {
    let (wanted, arguments) = push();
    let ruling = Ruling {
        verdict: Verdict::Ask,
        why: "`shell` says ask (the agent)".into(),
        rule: Some("shell: ask (the agent, a.yaml:7)".into()),
        class: EffectClass::Irreversible,
        known: true,
    };
    let policy = GatePolicy {
        deadline: Some(Duration::from_hours(24)),
        fallback: Fallback::Approve,
        escalation: Some(Escalation { after: Duration::from_mins(1), to: "ops".into() }),
    };
    let asking = Asking { pass: &pass(1), wanted: &wanted, policy: &policy, now: NOW };
    let gate = asking.approval(Hash::of(b"gate"), &ruling, &arguments);
    assert_eq!(gate.kind, GateKind::Approval);
    assert_eq!(gate.why.as_deref(), Some("`shell` says ask (the agent)"));
    assert_eq!(gate.shape.as_deref(), Some("shell(git push *)"));
    assert_eq!(gate.deadline, Some(Timestamp::from_millis(86_401_000)));
    assert_eq!(
        (gate.escalate_at, gate.fallback),
        (Some(Timestamp::from_millis(61_000)), GateDefault::Approve)
    );
}

#[test]
fn a_question_is_never_approved_in_a_persons_place() {
    let arguments = json!({ "question": "Which branch?", "choices": ["main", "next"] });
    let wanted = wanted("ask_user", &arguments);
    let policy = GatePolicy { fallback: Fallback::Approve, ..GatePolicy::default() };
    let asking = Asking { pass: &pass(1), wanted: &wanted, policy: &policy, now: NOW };
    let gate = asking.question(Hash::of(b"gate"), &arguments);
    assert_eq!(gate.question.as_deref(), Some("Which branch?"));
    assert_eq!(gate.choices.as_deref(), Some(r#"["main","next"]"#));
    assert_eq!((gate.kind, gate.fallback, gate.deadline), (GateKind::Question, GateDefault::Deny, None));
}

#[test]
fn a_doubt_shows_the_evidence() {
    let (wanted, _) = push();
    let effect = Candidate {
        id: EffectId::from_u128(1),
        attempt: AttemptNo(3),
        occurrence: 1,
        state: EffectState::Unknown,
        retryable: false,
        irreversible: true,
        superseded: false,
        tries: 2,
        owner: 1,
        mine: Mine::No,
        continued: false,
    };
    let policy = GatePolicy { fallback: Fallback::Approve, ..GatePolicy::default() };
    let asking = Asking { pass: &pass(4), wanted: &wanted, policy: &policy, now: NOW };
    let gate = asking.doubt(Hash::of(b"gate"), &effect, Some("the remote does not answer"));
    insta::assert_snapshot!(gate.why.expect("it says why"), @"try 2 of this call, which attempt 3 began, broke off before `shell` answered: the remote does not answer. Nobody knows whether it took effect, and it is not made again by itself. Approve makes it again; an answer says what it returned; deny leaves it as it is, and the agent is told");
    // A deadline is no knowledge: the default of approvals does not repeat what may have happened.
    assert_eq!((gate.kind, gate.fallback), (GateKind::Unknown, GateDefault::Deny));
    assert_eq!(gate.effect, Some(effect.id));
}

#[test]
fn a_refusal_says_what_was_refused_and_claims_nothing_else() {
    let settled = |by: &str, message: Option<&str>| GateSettled {
        action: GateAction::Deny,
        by: by.into(),
        message: message.map(str::to_owned),
        executed: None,
        remembered: None,
        at: NOW,
    };
    let told = |kind, by, message| refusal(kind, &settled(by, message));
    assert_eq!(told(GateKind::Approval, "ada", None), "ada denied this call, so it was not made");
    assert_eq!(
        told(GateKind::Approval, "ada", Some("not on a Friday")),
        "ada denied this call, so it was not made: not on a Friday"
    );
    assert_eq!(
        told(GateKind::Approval, "deadline", None),
        "nobody approved this call in time, so it was not made"
    );
    assert_eq!(told(GateKind::Question, "ada", Some("ask Bob")), "ada does not answer: ask Bob");
    assert_eq!(told(GateKind::Question, "deadline", None), "nobody answered in time");
    for by in ["ada", "deadline"] {
        assert_eq!(
            told(GateKind::Unknown, by, None),
            "this call broke off, and nobody knows whether it took effect; it is not made again"
        );
    }
}
