//! Entries of the journal as events of a run's stream.

use mainspring_api::event::EventView;
use mainspring_core::{AttemptEnd, Event, What};
use mainspring_store::{Entry, EntryKind};
use mainspring_types::{Digest, Value};
use serde_json::{Map, Value as Json, json};

/// Turns the entries of one run, in order, into events.
///
/// It remembers the latest output, so that the entry that ends the stream can show the result without looking it up.
#[derive(Default)]
pub(crate) struct Stream {
    latest: Option<(Digest, Option<Json>)>,
}

/// An event, and the value that has to be looked up for its `result`.
pub(crate) struct Shown {
    pub(crate) event: EventView,
    pub(crate) missing_result: Option<Digest>,
}

impl Stream {
    /// The event of an entry; an entry that cannot be read says why.
    pub(crate) fn show(&mut self, entry: &Entry) -> Result<Shown, serde_json::Error> {
        let (kind, data, missing_result) = match entry.kind {
            EntryKind::Lifecycle => {
                let event: Event = serde_json::from_str(&entry.envelope)?;
                self.remember(&event.what, entry);
                let (kind, data) = lifecycle(&event.what);
                (kind.to_owned(), data, None)
            }
            EntryKind::Note | EntryKind::Effect => {
                let mut data: Map<String, Json> = serde_json::from_str(&entry.envelope)?;
                (take_type(&mut data), data, None)
            }
            EntryKind::Outcome => {
                let mut data: Map<String, Json> = serde_json::from_str(&entry.envelope)?;
                let kind = take_type(&mut data);
                let missing = self.insert_result(&mut data)?;
                (kind, data, missing)
            }
        };
        Ok(Shown { event: EventView { seq: entry.seq, at: entry.at, kind, data }, missing_result })
    }

    fn remember(&mut self, what: &What, entry: &Entry) {
        if let What::AttemptEnded { end: AttemptEnd::Done { output }, .. } = what {
            let inline = entry.payload.clone().and_then(|bytes| Value::from_stored(output.media, bytes));
            self.latest = Some((*output, inline.and_then(|value| to_json(&value))));
        }
    }

    /// Puts the result in place of its digest; says which value has to be looked up when it is not at hand.
    fn insert_result(&self, data: &mut Map<String, Json>) -> Result<Option<Digest>, serde_json::Error> {
        let Some(output) = data.remove("output") else { return Ok(None) };
        let output: Digest = serde_json::from_value(output)?;
        match &self.latest {
            Some((digest, Some(result))) if *digest == output => {
                data.insert("result".into(), result.clone());
                Ok(None)
            }
            _ => Ok(Some(output)),
        }
    }
}

/// A value as JSON: a document as it is, text as a string; `None` while it is a reference.
pub(crate) fn to_json(value: &Value) -> Option<Json> {
    match value {
        Value::Json(document) => serde_json::from_str(document.get()).ok(),
        Value::Text(text) => Some(Json::String(text.clone())),
        Value::Blob(_) => None,
    }
}

fn take_type(data: &mut Map<String, Json>) -> String {
    match data.remove("type") {
        Some(Json::String(kind)) => kind,
        _ => "note".to_owned(),
    }
}

fn lifecycle(what: &What) -> (&'static str, Map<String, Json>) {
    let (kind, data) = match what {
        What::Created(created) => {
            let steps: Vec<_> = created.plan.steps.iter().map(|step| &step.id).collect();
            ("run.created", json!({ "agent": created.agent, "version": created.version, "steps": steps }))
        }
        What::ClockStarted {} => ("run.clock_started", json!({})),
        What::AttemptEnded { step, attempt, end, used } => {
            let mut data = json!({ "step": step, "attempt": attempt, "used": used });
            let (word, key, value) = ending(end);
            data["end"] = json!(word);
            if let Some(key) = key {
                data[key] = value;
            }
            ("attempt.ended", data)
        }
        What::AttemptLost { step, attempt, loss } => {
            ("attempt.lost", json!({ "step": step, "attempt": attempt, "loss": loss }))
        }
        What::TimerFired { timer } => ("timer.fired", json!({ "timer": timer.key() })),
        What::GateAnswered { gate } => ("gate.answered", json!({ "gate": gate })),
        What::ChildEnded { child } => ("child.ended", json!({ "child": child })),
        What::Woken { step } => ("step.woken", json!({ "step": step })),
        What::Paused {} => ("run.paused", json!({})),
        What::Resumed {} => ("run.resumed", json!({})),
        What::Interrupted {} => ("run.interrupted", json!({})),
        What::CancelRequested { level, reason } => {
            ("run.cancel_requested", json!({ "level": level, "reason": reason }))
        }
    };
    match data {
        Json::Object(data) => (kind, data),
        _ => unreachable!("every arm builds an object"),
    }
}

fn ending(end: &AttemptEnd) -> (&'static str, Option<&'static str>, Json) {
    match end {
        AttemptEnd::Done { output } => ("done", Some("output"), json!(output)),
        AttemptEnd::Failed(failure) => ("failed", Some("problem"), json!(failure.problem)),
        AttemptEnd::Parked(wait) => ("parked", Some("wait"), json!(wait)),
        AttemptEnd::Aborted {} => ("aborted", None, Json::Null),
    }
}
