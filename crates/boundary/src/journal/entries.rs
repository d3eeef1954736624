//! What the run's journal says of its effects: one line for each thing that became of one.

use mainspring_store::{EffectState, EntryKind, Fault, Ledger as _, NewEntry, Pen};
use mainspring_types::{EffectId, Timestamp};
use serde_json::{Value, json};

use super::{Pass, decide::Why, intend::Call};
use crate::{
    Usage,
    budget::{Limit, Scope},
    price::NanoUsd,
};

/// Appends a line about a call to its run's journal; says its number.
pub(super) fn append(pen: &mut Pen<'_>, call: &Call, at: Timestamp, mut line: Value) -> Result<u64, Fault> {
    line["model"] = json!(call.model);
    append_of(pen, &call.pass, at, line)
}

/// Appends a line about an attempt to its run's journal; says its number.
pub(super) fn append_of(
    pen: &mut Pen<'_>,
    pass: &Pass,
    at: Timestamp,
    mut line: Value,
) -> Result<u64, Fault> {
    line["step"] = json!(pass.step);
    line["attempt"] = json!(pass.attempt);
    let envelope = line.to_string();
    pen.append(&pass.key, NewEntry { kind: EntryKind::Effect, at, envelope: &envelope, payload: None })
}

pub(super) fn intended(effect: EffectId, route: &str, provider: &str, occurrence: u32) -> Value {
    json!({
        "type": "effect.intended", "effect": effect, "route": route, "provider": provider,
        "occurrence": occurrence,
    })
}

pub(super) fn again(effect: EffectId, number: u32, provider: &str, why: Why) -> Value {
    let why = why.as_str();
    json!({ "type": "effect.repeated", "effect": effect, "try": number, "provider": provider, "why": why })
}

pub(super) fn replayed(effect: EffectId, state: EffectState) -> Value {
    json!({ "type": "effect.replayed", "effect": effect, "state": state.as_str() })
}

/// How many effects a line names; their number is told in any case.
const NAMED_MAX: usize = 20;

pub(super) fn unused(effects: &[EffectId]) -> Value {
    let named = &effects[..effects.len().min(NAMED_MAX)];
    json!({ "type": "effect.unused", "effects": named, "count": effects.len() })
}

pub(super) fn near(effect: EffectId) -> Value {
    json!({ "type": "effect.near", "effect": effect })
}

pub(super) fn diverged(expected: EffectId, policy: crate::Divergence, later: usize) -> Value {
    let policy = policy.as_str();
    json!({ "type": "effect.diverged", "expected": expected, "policy": policy, "superseded": later })
}

pub(super) fn tried(effect: EffectId, number: u32, message: &str) -> Value {
    json!({ "type": "effect.retried", "effect": effect, "try": number, "error": message })
}

pub(super) fn unknown(effect: EffectId, message: &str) -> Value {
    json!({ "type": "effect.unknown", "effect": effect, "error": message })
}

pub(super) fn committed(effect: EffectId, usage: Usage, cost: NanoUsd, stop: &str) -> Value {
    json!({
        "type": "effect.committed", "effect": effect, "usage": usage, "cost": cost.to_string(), "stop": stop,
    })
}

pub(super) fn failed(effect: EffectId, message: &str, retryable: bool) -> Value {
    json!({ "type": "effect.failed", "effect": effect, "error": message, "retryable": retryable })
}

pub(super) fn warning(limit: &Limit) -> Value {
    json!({
        "type": "budget.warning", "scope": scope(&limit.scope), "meter": limit.meter.as_str(),
        "window": limit.window.as_str(), "max": limit.max, "limit": limit.meter.words(limit.max),
    })
}

/// A scope as stored and shown.
pub(super) fn scope(scope: &Scope) -> String {
    match scope {
        Scope::Tenant => "tenant".into(),
        Scope::Agent(agent) => format!("agent:{agent}"),
        Scope::Run(run) => format!("run:{run}"),
    }
}
