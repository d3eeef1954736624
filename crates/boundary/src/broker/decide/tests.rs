//! The table of decisions: each step, and the case that breaks without it.

use mainspring_agent::{EffectClass, Verdict};
use mainspring_store::{Candidate, EffectState, GateRow, GateSettled, Mine};
use mainspring_types::{
    AttemptNo, EffectId, GateAction, GateDefault, GateKind, GateState, Hash, RunId, StepId, Timestamp,
};

use super::{Kind, Known, Step, decide};

const HERE: u128 = 7;
const TOOL: Kind = Kind::Tool { probed: false };
const PROBED: Kind = Kind::Tool { probed: true };

fn effect(state: EffectState, owner: u128, mine: bool) -> Candidate {
    let mine = if mine { Mine::Yes { delivered: false, continued: false } } else { Mine::No };
    Candidate {
        id: EffectId::from_u128(1),
        attempt: AttemptNo(1),
        occurrence: 1,
        state,
        retryable: false,
        irreversible: true,
        superseded: false,
        tries: 1,
        owner,
        mine,
        continued: false,
    }
}

fn gate(answer: Option<GateAction>) -> GateRow {
    let settled = |action: GateAction| GateSettled {
        action,
        by: "ada".into(),
        message: Some("so be it".into()),
        executed: None,
        remembered: None,
        at: Timestamp::from_millis(2),
    };
    let of = (RunId::from_u128(1), StepId::new("main").expect("a name"));
    let kind = (GateKind::Approval, GateDefault::Deny);
    GateRow {
        state: answer.map_or(GateState::Open, GateAction::state),
        settled: answer.map(settled),
        ..GateRow::new(Hash::of(b"gate"), of, kind, Timestamp::from_millis(1))
    }
}

/// An irreversible call that the rules allow and nothing is known of.
fn new() -> Known<'static> {
    Known {
        effect: None,
        told: false,
        gate: None,
        doubt: None,
        verdict: Verdict::Allow,
        class: EffectClass::Irreversible,
        kind: TOOL,
        owner: HERE,
    }
}

/// The step in one word.
fn step(known: &Known<'_>) -> &'static str {
    match decide(known) {
        Step::Replay => "replay",
        Step::Begin { executed: None } => "begin",
        Step::Begin { executed: Some(_) } => "begin edited",
        Step::GoOn => "go on",
        Step::Again => "again",
        Step::Probe => "probe",
        Step::Open => "open",
        Step::Doubt => "doubt",
        Step::Wait(_) => "wait",
        Step::Deny => "deny",
        Step::Refuse { .. } => "refuse",
        Step::Take { .. } => "take",
        Step::Await => "await",
    }
}

#[test]
fn a_new_call_is_decided_by_the_rules() {
    for (verdict, kind, expected) in [
        (Verdict::Allow, TOOL, "begin"),
        (Verdict::Ask, TOOL, "open"),
        (Verdict::Deny, TOOL, "deny"),
        (Verdict::Allow, Kind::Task, "begin"),
        (Verdict::Ask, Kind::Task, "open"),
        (Verdict::Deny, Kind::Task, "deny"),
        (Verdict::Allow, Kind::Question, "open"),
        (Verdict::Deny, Kind::Question, "deny"),
    ] {
        assert_eq!(step(&Known { verdict, kind, ..new() }), expected, "{verdict} {kind:?}");
    }
}

#[test]
fn a_gate_before_a_call_decides_it_unless_the_rules_deny_what_would_be_executed() {
    for (answer, verdict, expected) in [
        (None, Verdict::Ask, "wait"),
        (Some(GateAction::Approve), Verdict::Ask, "begin"),
        (Some(GateAction::Approve), Verdict::Deny, "deny"),
        (Some(GateAction::Deny), Verdict::Ask, "refuse"),
        // What was remembered since does not unmake an answer.
        (Some(GateAction::Deny), Verdict::Allow, "refuse"),
        (Some(GateAction::Answer), Verdict::Allow, "take"),
    ] {
        let gate = gate(answer);
        assert_eq!(step(&Known { gate: Some(&gate), verdict, ..new() }), expected, "{answer:?} {verdict}");
    }
}

#[test]
fn the_arguments_of_a_person_are_executed_in_place_of_those_asked_for() {
    let mut gate = gate(Some(GateAction::Approve));
    gate.settled.as_mut().expect("it is answered").executed = Some("{}".into());
    let known = Known { gate: Some(&gate), verdict: Verdict::Ask, ..new() };
    assert_eq!(decide(&known), Step::Begin { executed: Some("{}") });
}

#[test]
fn a_gate_that_was_withdrawn_lets_nothing_happen() {
    let gate = GateRow { state: GateState::Withdrawn, ..gate(None) };
    assert_eq!(step(&Known { gate: Some(&gate), verdict: Verdict::Ask, ..new() }), "deny");
}

#[test]
fn what_is_settled_is_replayed_whatever_the_rules_and_gates_say_now() {
    let gate = gate(Some(GateAction::Deny));
    for state in [EffectState::Committed, EffectState::Failed] {
        for kind in [TOOL, PROBED, Kind::Question, Kind::Task] {
            let effect = effect(state, 1, false);
            let known =
                Known { effect: Some(&effect), gate: Some(&gate), verdict: Verdict::Deny, kind, ..new() };
            assert_eq!(step(&known), "replay", "{state:?} {kind:?}");
        }
    }
}

#[test]
fn what_the_agent_was_told_of_an_unknown_call_is_told_again() {
    // A gate here would let the repeated attempt hear something else than the first, which went on with it.
    for (class, kind) in
        [(EffectClass::Irreversible, TOOL), (EffectClass::Irreversible, PROBED), (EffectClass::Pure, TOOL)]
    {
        let effect = effect(EffectState::Unknown, HERE, false);
        let known = Known { effect: Some(&effect), told: true, class, kind, ..new() };
        assert_eq!(step(&known), "replay", "{class} {kind:?}");
    }
}

#[test]
fn a_try_of_the_asking_attempt_goes_on_and_any_other_is_judged() {
    for (owner, mine, expected) in [
        // The answer to the first asking was lost.
        (HERE, true, "go on"),
        // The worker was lost, the server was not: an attempt after it has not begun this try.
        (HERE, false, "doubt"),
        // The server was lost: what it had under way, nobody settles.
        (1, true, "doubt"),
        (1, false, "doubt"),
    ] {
        let effect = effect(EffectState::Intended, owner, mine);
        assert_eq!(step(&Known { effect: Some(&effect), ..new() }), expected, "{owner} {mine}");
    }
}

#[test]
fn a_broken_try_is_repeated_probed_or_doubted_by_its_class() {
    let effect = effect(EffectState::Unknown, 1, false);
    for (class, kind, expected) in [
        (EffectClass::Pure, TOOL, "again"),
        (EffectClass::Idempotent, TOOL, "again"),
        (EffectClass::Idempotent, PROBED, "again"),
        (EffectClass::Compensatable, TOOL, "doubt"),
        (EffectClass::Compensatable, PROBED, "probe"),
        (EffectClass::Irreversible, PROBED, "probe"),
        (EffectClass::Irreversible, TOOL, "doubt"),
    ] {
        assert_eq!(
            step(&Known { effect: Some(&effect), class, kind, ..new() }),
            expected,
            "{class} {kind:?}"
        );
    }
}

#[test]
fn a_probed_try_is_never_made_by_asking_once_more() {
    // Adopted by the probing gateway as unknown: it may come back with the same question, or with `unsure`.
    for mine in [true, false] {
        let effect = effect(EffectState::Unknown, HERE, mine);
        assert_eq!(step(&Known { effect: Some(&effect), kind: PROBED, ..new() }), "probe");
        assert_eq!(step(&Known { effect: Some(&effect), kind: TOOL, ..new() }), "doubt");
    }
}

#[test]
fn a_try_that_did_not_take_place_is_made_again() {
    let effect = Candidate { retryable: true, ..effect(EffectState::Unknown, HERE, false) };
    assert_eq!(step(&Known { effect: Some(&effect), kind: PROBED, ..new() }), "again");
}

#[test]
fn the_answer_to_a_doubt_decides_about_the_last_try() {
    let effect = effect(EffectState::Unknown, 1, false);
    for (answer, expected) in [
        (None, "wait"),
        (Some(GateAction::Approve), "again"),
        (Some(GateAction::Answer), "take"),
        (Some(GateAction::Deny), "refuse"),
    ] {
        let doubt = gate(answer);
        let known = Known { effect: Some(&effect), doubt: Some(&doubt), kind: PROBED, ..new() };
        assert_eq!(step(&known), expected, "{answer:?}");
    }
}

#[test]
fn a_child_is_waited_for_however_often_its_parent_is_lost() {
    for state in [EffectState::Intended, EffectState::Unknown] {
        for (owner, mine) in [(HERE, true), (HERE, false), (1, false)] {
            let effect = effect(state, owner, mine);
            let known = Known { effect: Some(&effect), kind: Kind::Task, ..new() };
            assert_eq!(step(&known), "await", "{state:?} {owner} {mine}");
        }
    }
}
