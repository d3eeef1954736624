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
        effects.into_iter().for_each(|effect| enter(&mut receipt, &cut, effect));
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
        EffectState::Failed => {}
        EffectState::Unknown | EffectState::Abandoned => receipt.unknown.push(call(effect)),
        // Whoever was to settle it is gone with the run.
        EffectState::Intended if cut.ended_at.is_some() => receipt.unknown.push(call(effect)),
        EffectState::Intended => {}
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
