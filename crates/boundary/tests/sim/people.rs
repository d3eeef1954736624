//! People: what they answer when they are asked. Steady ones answer the same in every life of a universe.

use mainspring_boundary::broker::{Action, Answer};
use mainspring_store::GateRow;
use mainspring_types::GateKind;
use serde_json::{Value, json};

use super::{
    cast::COMMANDS,
    prng::Prng,
    tools::{self, Deeds},
};

/// What a person does about a gate.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Answers.
    Answer(Answer),
    /// Lets its deadline pass.
    Nothing,
}

/// What a steady person does: it follows from what is asked, and from what really happened.
pub(super) fn steady(seed: u64, run: &str, gate: &GateRow, deeds: &Deeds) -> Reply {
    match gate.kind {
        GateKind::Unknown => Reply::Answer(look_it_up(gate, deeds)),
        GateKind::Question => question(&mut about(seed, run, gate), gate),
        GateKind::Approval | GateKind::Input => approval(seed, run, gate),
    }
}

/// The stream of a person who looks at this gate.
fn about(seed: u64, run: &str, gate: &GateRow) -> Prng {
    let arguments = gate.arguments.as_deref().unwrap_or_default();
    Prng::about(
        seed,
        &["person", run, gate.kind.as_str(), gate.tool.as_deref().unwrap_or_default(), arguments],
    )
}

/// Whoever knows whether it took place says so, in the tool's own words.
fn look_it_up(gate: &GateRow, deeds: &Deeds) -> Answer {
    let effect = gate.effect.expect("the gate is about a call");
    let made = deeds.all().iter().find(|made| made.effect == effect);
    match made {
        Some(made) => said(tools::words(&made.tool, &made.arguments)),
        None => simple(Action::Approve),
    }
}

fn question(prng: &mut Prng, gate: &GateRow) -> Reply {
    let question = gate.question.as_deref().unwrap_or_default();
    match prng.below(10) {
        0 => Reply::Answer(simple(Action::Deny)),
        1 if gate.deadline.is_some() => Reply::Nothing,
        _ => Reply::Answer(said(format!("as to `{question}`: yes"))),
    }
}

/// Calls of a shape that is remembered are all approved as they are: which is asked first is nobody's choice.
fn approval(seed: u64, run: &str, gate: &GateRow) -> Reply {
    let shape = gate.shape.as_deref().unwrap_or_default();
    if Prng::about(seed, &["shape", shape]).chance(30) {
        return Reply::Answer(Answer { remember: true, ..simple(Action::Approve) });
    }
    let mut prng = about(seed, run, gate);
    match prng.below(10) {
        0..3 => Reply::Answer(Answer { message: Some("not today".into()), ..simple(Action::Deny) }),
        3..5 if gate.deadline.is_some() => Reply::Nothing,
        5..7 => Reply::Answer(Answer { arguments: Some(edited(gate)), ..simple(Action::Approve) }),
        _ => Reply::Answer(simple(Action::Approve)),
    }
}

/// What a person does who answers as it comes, whether it fits or not.
pub(super) fn wild(prng: &mut Prng, gate: &GateRow, deeds: &Deeds) -> Answer {
    let action = prng.weigh(&[(5, Action::Approve), (3, Action::Deny), (3, Action::Answer)]);
    let knows = gate.effect.is_some_and(|effect| deeds.has_effect(effect)) && prng.chance(70);
    Answer {
        arguments: prng.chance(20).then(|| edited(gate)),
        message: (knows || prng.chance(60)).then(|| "so be it".to_owned()),
        remember: prng.chance(20),
        ..simple(action)
    }
}

/// The arguments as a person rewrites them.
fn edited(gate: &GateRow) -> String {
    let asked: Value =
        serde_json::from_str(gate.arguments.as_deref().unwrap_or("{}")).expect("they are JSON");
    let edited = match gate.tool.as_deref() {
        Some("shell") => {
            let asked = asked["command"].as_str().unwrap_or_default();
            let command = Prng::about(0, &["edited", asked]).pick(&COMMANDS).expect("there are commands");
            json!({ "command": format!("{command} in place of {asked}") })
        }
        Some("task") => asked,
        _ => json!({ "of": format!("{} as edited", asked["of"].as_str().unwrap_or_default()) }),
    };
    edited.to_string()
}

pub(super) fn simple(action: Action) -> Answer {
    Answer { action, by: "ann".into(), arguments: None, message: None, remember: false }
}

pub(super) fn said(words: String) -> Answer {
    Answer { message: Some(words), ..simple(Action::Answer) }
}
