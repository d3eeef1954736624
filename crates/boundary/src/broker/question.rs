//! Gates as they are opened: what a person is asked, and what they see of it.

use mainspring_agent::{Fallback, GatePolicy, Pattern, Ruling};
use mainspring_store::{Candidate, GateRow, GateSettled};
use mainspring_types::{EffectId, Hash, Hasher, Timestamp};
use serde_json::Value;

use super::Wanted;
use crate::Pass;

/// Names the gate of a call: a repeated attempt finds the same.
pub(super) fn gate_of(pass: &Pass, key: &Hash) -> Hash {
    name(pass, &["gate".as_bytes(), key.as_bytes()])
}

/// Names the gate about a try of a call.
pub(super) fn doubt_of(pass: &Pass, key: &Hash, number: u32) -> Hash {
    name(pass, &["doubt".as_bytes(), key.as_bytes(), &number.to_be_bytes()])
}

fn name(pass: &Pass, fields: &[&[u8]]) -> Hash {
    let mut hasher = Hasher::new();
    hasher.field(pass.key.run.to_string().as_bytes());
    hasher.field(pass.step.as_str().as_bytes());
    for field in fields {
        hasher.field(field);
    }
    hasher.finish()
}

/// What the agent is told of a call that a person, or a deadline, refused at a gate of this kind.
pub(super) fn refusal(kind: &str, settled: &GateSettled) -> String {
    let said = settled.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let by = &settled.by;
    match (kind, by.as_str()) {
        ("question", "deadline") => "nobody answered in time".to_owned(),
        ("question", _) => format!("{by} does not answer{said}"),
        ("unknown", _) => format!(
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
        GateRow { kind: "approval".into(), why, shape: Some(shape), ..self.gate(hash) }
    }

    /// What the agent wants to know.
    pub(super) fn question(&self, hash: Hash, arguments: &Value) -> GateRow {
        let choices = arguments.get("choices").filter(|choices| choices.is_array());
        GateRow {
            kind: "question".into(),
            question: arguments["question"].as_str().map(str::to_owned),
            choices: choices.map(Value::to_string),
            // Nobody else can say what the answer is.
            fallback: "deny".into(),
            ..self.gate(hash)
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
        GateRow {
            kind: "unknown".into(),
            why: Some(why),
            effect: Some(effect.id),
            fallback: "deny".into(),
            ..self.gate(hash)
        }
    }

    fn gate(&self, hash: Hash) -> GateRow {
        let Self { pass, wanted, policy, now } = self;
        let escalation = policy.escalation.as_ref();
        GateRow {
            hash,
            run: pass.key.run,
            step: pass.step.clone(),
            kind: String::new(),
            tool: Some(wanted.tool.clone()),
            arguments: Some(wanted.arguments.clone()),
            question: None,
            choices: None,
            why: None,
            shape: None,
            effect: None::<EffectId>,
            opened_at: *now,
            deadline: policy.deadline.map(|after| now.after(after)),
            fallback: match policy.fallback {
                Fallback::Deny => "deny".into(),
                Fallback::Approve => "approve".into(),
            },
            escalate_at: escalation.map(|escalation| now.after(escalation.after)),
            escalate_to: escalation.map(|escalation| escalation.to.clone()),
            state: "open".into(),
            settled: None,
        }
    }
}

#[cfg(test)]
mod tests;
