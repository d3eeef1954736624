//! Gates as the API shows them, and what a person has to know to answer one.

use mainspring_api::gate::{GateAnswer, GateKind, GateState, GateView};
use mainspring_store::{GateRow, GateSettled};
use mainspring_types::{GateDefault, Timestamp};
use serde_json::Value;

/// How much of the arguments a sentence shows.
const SHOWN_MAX: usize = 200;

/// A gate of a run of `agent`, as it stands `now`.
pub(crate) fn gate(row: GateRow, agent: String, now: Timestamp) -> GateView {
    let answered_at = row.settled.as_ref().map_or(now, |settled| settled.at);
    let is_escalated = row.escalate_at.is_some_and(|at| at <= answered_at);
    GateView {
        gate_id: row.id(),
        run_id: row.run,
        agent,
        kind: row.kind,
        state: row.state,
        step: row.step,
        tool: row.tool,
        arguments: row.arguments.as_deref().map(document),
        question: row.question,
        choices: row.choices.as_deref().map(choices).unwrap_or_default(),
        why: row.why,
        shape: row.shape,
        effect_id: row.effect,
        opened_at: row.opened_at,
        deadline: row.deadline,
        // Without a deadline nobody takes it.
        fallback: row.deadline.map(|_| row.fallback),
        escalated_to: row.escalate_to.filter(|_| is_escalated),
        answer: row.settled.map(answer),
    }
}

/// How a gate was settled, as the end of a sentence.
pub(crate) fn told(row: &GateRow) -> String {
    let is_late = row.is_open() || row.state == GateState::Expired;
    match (&row.settled, row.deadline.filter(|_| is_late)) {
        (_, Some(deadline)) => format!("its deadline passed at {deadline}"),
        (Some(settled), None) => format!("it was {} by {} at {}", row.state, settled.by, settled.at),
        (None, None) => "nobody waits for it any more: its run ended, or its turn did".to_owned(),
    }
}

/// What is asked, in a sentence.
pub(super) fn asked(row: &GateRow) -> String {
    let tool = row.tool.as_deref().unwrap_or_default();
    let asked = match row.kind {
        GateKind::Approval => format!("it asks whether it may call `{tool}` with {}", shown(row)),
        GateKind::Question => format!("it asks: {}", row.question.as_deref().unwrap_or_default()),
        GateKind::Input => "its turn is over and it waits for the next message".to_owned(),
        GateKind::Unknown => {
            format!("nobody knows whether its call of `{tool}` with {} took effect", shown(row))
        }
    };
    match row.deadline {
        Some(deadline) => format!("{asked}; without an answer by {deadline} {}", default_of(row)),
        None => asked,
    }
}

/// Who answers it how.
pub(super) fn way_out(row: &GateRow) -> String {
    let (gate, run) = (row.id(), row.run);
    match row.kind {
        GateKind::Approval => {
            format!("answer: mainspring gates approve {gate}, or: mainspring gates deny {gate}")
        }
        GateKind::Question => format!("answer: mainspring gates answer {gate} TEXT"),
        GateKind::Input => format!(
            "say something: mainspring runs message {run} TEXT; or let it end: mainspring runs done {run}"
        ),
        GateKind::Unknown => format!(
            "see what is known: mainspring gates show {gate}; then make it again: mainspring gates approve {gate}; say \
             what it returned: mainspring gates answer {gate} TEXT; or leave it: mainspring gates deny {gate}"
        ),
    }
}

/// What happens when nobody answers.
fn default_of(row: &GateRow) -> &'static str {
    match row.fallback {
        GateDefault::End => "the run ends",
        GateDefault::Approve => "it is approved",
        GateDefault::Deny => "it is denied",
    }
}

/// The beginning of the arguments.
fn shown(row: &GateRow) -> String {
    let arguments = row.arguments.as_deref().unwrap_or("{}");
    match arguments.floor_char_boundary(SHOWN_MAX) {
        end if end < arguments.len() => format!("{}…", &arguments[..end]),
        _ => arguments.to_owned(),
    }
}

fn answer(settled: GateSettled) -> GateAnswer {
    let GateSettled { action, by, message, executed, remembered, at } = settled;
    GateAnswer { action, by, at, arguments: executed.as_deref().map(document), message, remembered }
}

/// A JSON document; what is none is shown as the text it is.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn choices(list: &str) -> Vec<String> {
    match serde_json::from_str(list) {
        Ok(Value::Array(choices)) => choices.iter().map(choice).collect(),
        _ => Vec::new(),
    }
}

fn choice(choice: &Value) -> String {
    choice.as_str().map_or_else(|| choice.to_string(), str::to_owned)
}
