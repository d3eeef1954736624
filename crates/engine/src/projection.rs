//! What lists show of a run, and the entry that ends its stream.

use mainspring_core::{Ending, Outcome, Run};
use mainspring_store::Projection;
use serde::Serialize;

/// What lists need of the run.
pub(crate) fn of(run: &Run, method: Option<&str>) -> Projection {
    Projection {
        agent: run.created.agent.to_string(),
        version: run.created.version,
        method: method.map(str::to_owned),
        status: run.status().as_str(),
        reason: run.reason().map(word),
        created_at: run.created_at,
        changed_at: run.last_at,
        ended_at: run.outcome().map(|outcome| outcome.at),
    }
}

/// A plain enum value as the word it is stored as.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => unreachable!("a unit variant serialises as a word"),
    }
}

/// The envelope of the entry that ends the run's stream.
pub(crate) fn outcome_envelope(outcome: &Outcome) -> String {
    let kind = match &outcome.ending {
        Ending::Completed { .. } => "run.completed",
        Ending::Failed(_) => "run.failed",
        Ending::Cancelled { .. } => "run.cancelled",
    };
    let mut envelope = serde_json::json!({ "type": kind });
    match &outcome.ending {
        Ending::Completed { output } => envelope["output"] = serde_json::json!(output),
        Ending::Failed(problem) => envelope["error"] = serde_json::json!(problem),
        Ending::Cancelled { reason } => envelope["reason"] = serde_json::json!(reason),
    }
    if !outcome.unknown.is_empty() {
        envelope["unknown"] = serde_json::json!(outcome.unknown);
    }
    envelope.to_string()
}
