//! What a cancel ended: the calls and runs that it met under way, each in the one list it belongs to.

use mainspring_api::run::{CutCall, Level, ReceiptView};
use mainspring_core::CancelLevel;
use mainspring_store::{EffectRow, EffectState, Fault, Readers, RunKey};
use mainspring_types::{EffectId, RunId, StepId, Timestamp};

use crate::{
    line::level_from_wire,
    view::{Cut, Reading},
};

/// How many effects are read at a time.
const EFFECTS: u32 = 512;

/// The receipt of a run that was asked to end early; it may grow until the run has ended.
pub(super) fn of(readers: &Readers, key: &RunKey, reading: &Reading) -> Result<Option<ReceiptView>, Fault> {
    let Some(cut) = reading.cut() else { return Ok(None) };
    let mut receipt = begun(&cut);
    let mut after = None;
    loop {
        let effects = readers.effects(key, after, EFFECTS)?;
        let Some(last) = effects.last() else { break };
        after = Some(last.id);
        for effect in effects {
            enter(&mut receipt, &cut, effect);
        }
    }
    receipt.children = children(readers, key, cut.requested_at)?;
    Ok(Some(receipt))
}

fn begun(cut: &Cut) -> ReceiptView {
    ReceiptView {
        level: level(cut.level),
        requested_at: cut.requested_at,
        ended_at: cut.ended_at,
        stopped: Vec::new(),
        finished: 0,
        unknown: cut.unknown.iter().map(step).collect(),
        children: Vec::new(),
    }
}

/// Enters a call where it belongs: one that failed before the cancel belongs nowhere, nor does one that may still end.
fn enter(receipt: &mut ReceiptView, cut: &Cut, effect: EffectRow) {
    let was_under_way = effect.settled_at.is_none_or(|at| at >= cut.requested_at);
    match effect.state {
        EffectState::Committed => receipt.finished += 1,
        EffectState::Failed if was_under_way => receipt.stopped.push(call(effect)),
        EffectState::Unknown | EffectState::Abandoned => receipt.unknown.push(call(effect)),
        // Whoever was to settle it is gone with the run.
        EffectState::Intended if cut.ended_at.is_some() => receipt.unknown.push(call(effect)),
        EffectState::Failed | EffectState::Intended => {}
    }
}

fn level(told: CancelLevel) -> Level {
    let mut levels = [Level::Interrupt, Level::Stop, Level::Kill].into_iter();
    levels.find(|level| level_from_wire(*level) == told).expect("every level travels")
}

fn call(effect: EffectRow) -> CutCall {
    let kind = if effect.route == "tool" { "tool" } else { "model" };
    CutCall { effect_id: Some(effect.id), kind: kind.into(), name: effect.model }
}

fn step(step: &StepId) -> CutCall {
    CutCall { effect_id: None::<EffectId>, kind: "step".into(), name: step.to_string() }
}

/// The runs that it had started and that had not ended before.
fn children(readers: &Readers, key: &RunKey, requested_at: Timestamp) -> Result<Vec<RunId>, Fault> {
    let mut ended_with_it = Vec::new();
    for child in readers.children(key)? {
        let row = readers.run(&RunKey { tenant: key.tenant.clone(), run: child })?;
        if row.is_some_and(|row| row.ended_at.is_none_or(|at| at >= requested_at)) {
            ended_with_it.push(child);
        }
    }
    Ok(ended_with_it)
}

#[cfg(test)]
mod tests {
    use mainspring_store::{Charge, Tokens};
    use mainspring_types::{AttemptNo, Hash};

    use super::*;

    fn effect(name: &str, state: EffectState, settled_at: Option<i64>) -> EffectRow {
        EffectRow {
            id: EffectId::from_u128(1),
            step: StepId::new("main").expect("a name"),
            attempt: AttemptNo(1),
            route: "tool".into(),
            key: Hash::of(b"key"),
            occurrence: 1,
            model: name.into(),
            state,
            superseded: false,
            tries: 1,
            answer: None,
            intended_at: Timestamp::from_millis(1),
            settled_at: settled_at.map(Timestamp::from_millis),
            provider: String::new(),
            replays: 0,
            tokens: Tokens::default(),
            cost: 0,
            held: Charge::default(),
        }
    }

    fn names(calls: &[CutCall]) -> Vec<&str> {
        calls.iter().map(|call| call.name.as_str()).collect()
    }

    #[test]
    fn each_call_is_in_the_one_list_it_belongs_to() {
        let ended_at = Some(Timestamp::from_millis(20));
        let requested_at = Timestamp::from_millis(10);
        let unknown = vec![StepId::new("deaf").expect("a name")];
        let cut = Cut { level: CancelLevel::Kill, requested_at, ended_at, unknown };
        let mut receipt = begun(&cut);
        for (name, state, settled_at) in [
            ("read", EffectState::Committed, Some(5)),
            ("wrote", EffectState::Committed, Some(15)),
            ("failed before", EffectState::Failed, Some(5)),
            ("stopped", EffectState::Failed, Some(15)),
            ("silent", EffectState::Unknown, Some(15)),
            ("left", EffectState::Abandoned, Some(20)),
            ("forgotten", EffectState::Intended, None),
        ] {
            enter(&mut receipt, &cut, effect(name, state, settled_at));
        }
        assert_eq!((receipt.level, receipt.finished), (Level::Kill, 2));
        assert_eq!(names(&receipt.stopped), ["stopped"]);
        assert_eq!(names(&receipt.unknown), ["deaf", "silent", "left", "forgotten"]);
    }

    #[test]
    fn a_call_that_may_still_end_is_in_none() {
        let requested_at = Timestamp::from_millis(10);
        let cut = Cut { level: CancelLevel::Stop, requested_at, ended_at: None, unknown: Vec::new() };
        let mut receipt = begun(&cut);
        enter(&mut receipt, &cut, effect("ending", EffectState::Intended, None));
        assert_eq!(receipt, begun(&cut));
    }
}
