//! Gates as they are opened: what a person is asked, and what they see of it.

use mainspring_agent::{Fallback, GatePolicy, Pattern, Ruling};
use mainspring_store::{Candidate, GateRow, GateSettled};
use mainspring_types::{GateDefault, GateKind, Hash, Timestamp};
use serde_json::Value;

use super::Wanted;
use crate::Pass;

/// Names the gate of a call: a repeated attempt finds the same.
pub(super) fn gate_of(pass: &Pass, key: &Hash) -> Hash {
    pass.name(&["gate".as_bytes(), key.as_bytes()])
}

/// Names the gate about a try of a call.
pub(super) fn doubt_of(pass: &Pass, key: &Hash, number: u32) -> Hash {
    pass.name(&["doubt".as_bytes(), key.as_bytes(), &number.to_be_bytes()])
}

/// What the agent is told of a call that a person, or a deadline, refused at a gate of this kind.
pub(super) fn refusal(kind: GateKind, settled: &GateSettled) -> String {
    let said = settled.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let by = &settled.by;
    match (kind, by.as_str()) {
        (GateKind::Question, "deadline") => "nobody answered in time".to_owned(),
        (GateKind::Question, _) => format!("{by} does not answer{said}"),
        (GateKind::Unknown, _) => format!(
            "this call broke off, and nobody knows whether it took effect; it is not made again{said}"
        ),
        (_, "deadline") => "nobody approved this call in time, so it was not made".to_owned(),
        _ => format!("{by} denied this call, so it was not made{said}"),
    }
}

/// What is common to the gates of one call.
pub(super) struct Asking<'a> {
    pub(super) pass: &'a Pass,
    pub(super) wanted: &'a Wanted,
    pub(super) policy: &'a GatePolicy,
    pub(super) now: Timestamp,
}

impl Asking<'_> {
    /// Whether the call may be made.
    pub(super) fn approval(&self, hash: Hash, ruling: &Ruling, arguments: &Value) -> GateRow {
        let shape = Pattern::shape_of(&self.wanted.tool, arguments).to_string();
        let why = Some(ruling.why.clone());
        GateRow { why, shape: Some(shape), ..self.gate(hash, GateKind::Approval) }
    }

    /// What the agent wants to know.
    pub(super) fn question(&self, hash: Hash, arguments: &Value) -> GateRow {
        let choices = arguments.get("choices").filter(|choices| choices.is_array());
        GateRow {
            question: arguments["question"].as_str().map(str::to_owned),
            choices: choices.map(Value::to_string),
            ..self.gate(hash, GateKind::Question)
        }
    }

    /// What became of a try that nobody settled.
    pub(super) fn doubt(&self, hash: Hash, effect: &Candidate, said: Option<&str>) -> GateRow {
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        let why = format!(
            "try {} of this call, which attempt {} began, broke off before `{}` answered{said}. Nobody knows whether it \
             took effect, and it is not made again by itself. Approve makes it again; an answer says what it returned; \
             deny leaves it as it is, and the agent is told",
            effect.tries, effect.attempt, self.wanted.tool
        );
        GateRow { why: Some(why), effect: Some(effect.id), ..self.gate(hash, GateKind::Unknown) }
    }

    fn gate(&self, hash: Hash, kind: GateKind) -> GateRow {
        let Self { pass, wanted, policy, now } = self;
        let escalation = policy.escalation.as_ref();
        let fallback = match (kind, policy.fallback) {
            (GateKind::Approval, Fallback::Approve) => GateDefault::Approve,
            // Nobody else can say what an answer is, or what became of a call.
            _ => GateDefault::Deny,
        };
        GateRow {
            tool: Some(wanted.tool.clone()),
            arguments: Some(wanted.arguments.clone()),
            deadline: policy.deadline.map(|after| now.after(after)),
            escalate_at: escalation.map(|escalation| now.after(escalation.after)),
            escalate_to: escalation.map(|escalation| escalation.to.clone()),
            ..GateRow::new(hash, (pass.key.run, pass.step.clone()), (kind, fallback), *now)
        }
    }
}

#[cfg(test)]
mod tests;
