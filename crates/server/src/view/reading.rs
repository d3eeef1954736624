//! What a run's journal tells, read from its beginning.

use mainspring_core::{AttemptEnd, CancelLevel, Ending, Event, Run, StepState, Used, Wait, What};
use mainspring_store::{Entry, EntryKind};
use mainspring_types::{Digest, GateId, StepId, Timestamp, Value};
use serde_json::Value as Json;

use super::tally::Tally;

/// What was read so far.
#[derive(Default)]
pub(crate) struct Reading {
    pub(super) run: Option<Run>,
    pub(super) began: bool,
    pub(super) active_ms: u64,
    pub(super) peak_memory: Option<u64>,
    pub(super) isolation: Option<Json>,
    pub(super) last_seq: u64,
    pub(super) tally: Tally,
    last_output: Option<(Digest, Value)>,
    cancelled: Option<(CancelLevel, Timestamp)>,
}

/// How a run was asked to end early, and what is known of its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cut {
    /// How hard at last.
    pub(crate) level: CancelLevel,
    /// When that was asked first.
    pub(crate) requested_at: Timestamp,
    /// When nothing of the run was left.
    pub(crate) ended_at: Option<Timestamp>,
    /// Steps whose attempts did not confirm their end.
    pub(crate) unknown: Vec<StepId>,
}

impl Reading {
    /// Takes in the next entry.
    pub(crate) fn read(&mut self, entry: Entry) -> Result<(), serde_json::Error> {
        self.last_seq = entry.seq;
        match entry.kind {
            EntryKind::Lifecycle => {
                let event: Event = serde_json::from_str(&entry.envelope)?;
                self.notice(&event, entry.payload);
                self.run = match self.run.take() {
                    None => Run::begin(&event).map(|(run, _)| run),
                    Some(run) => Some(run.apply(&event).0),
                };
            }
            EntryKind::Note => self.read_note(&serde_json::from_str(&entry.envelope)?),
            EntryKind::Effect => self.tally.count(&serde_json::from_str(&entry.envelope)?),
            EntryKind::Outcome => {}
        }
        Ok(())
    }

    fn notice(&mut self, event: &Event, payload: Option<Vec<u8>>) {
        match &event.what {
            What::AttemptEnded { end, used, .. } => {
                self.measure(*used);
                self.keep_output(end, payload);
            }
            What::CancelRequested { level, .. } => {
                let (told, since) = self.cancelled.unwrap_or((*level, event.at));
                self.cancelled = Some((told.max(*level), since));
            }
            _ => {}
        }
    }

    fn measure(&mut self, used: Used) {
        self.began = true;
        self.active_ms += used.active_ms;
        self.peak_memory = self.peak_memory.max(used.peak_memory);
    }

    fn keep_output(&mut self, end: &AttemptEnd, payload: Option<Vec<u8>>) {
        if let AttemptEnd::Done { output } = end {
            let inline = payload.and_then(|bytes| Value::from_stored(output.media, bytes));
            self.last_output = Some((*output, inline.unwrap_or(Value::Blob(*output))));
        }
    }

    fn read_note(&mut self, note: &Json) {
        if note["type"] == "attempt.started" {
            self.began = true;
            self.isolation = Some(note["isolation"].clone());
        }
    }

    /// The run's result, where it is to be found; `None` unless it completed.
    pub(crate) fn result(&self) -> Option<Value> {
        let Ending::Completed { output } = self.run.as_ref()?.outcome()?.ending else { return None };
        match &self.last_output {
            Some((digest, value)) if *digest == output => Some(value.clone()),
            _ => Some(Value::Blob(output)),
        }
    }
    /// The gates at which steps of it wait.
    pub(crate) fn gates(&self) -> Vec<GateId> {
        let steps = self.run.iter().flat_map(|run| run.steps.values());
        let awaited = steps.filter_map(|step| match &step.state {
            StepState::Parked { wait: Wait::Gate { gate, .. }, .. } => Some(GateId::of(gate)),
            _ => None,
        });
        awaited.collect()
    }

    /// How it was asked to end early; `None` when it was not.
    pub(crate) fn cut(&self) -> Option<Cut> {
        let (level, requested_at) = self.cancelled?;
        let outcome = self.run.as_ref()?.outcome();
        let unknown = outcome.map(|outcome| outcome.unknown.clone()).unwrap_or_default();
        Some(Cut { level, requested_at, ended_at: outcome.map(|outcome| outcome.at), unknown })
    }
}
