//! A run in memory, with the bodies its next attempts need.

use std::collections::BTreeMap;

use mainspring_core::{AttemptEnd, Command, Event, Run, Step, What};
use mainspring_store::{Entry, RunKey};
use mainspring_types::{AttemptNo, Digest, Hash, StepId, Value};

use crate::{Assignment, Body, Refused};

/// A run and what is kept with it while it moves.
pub(crate) struct Resident {
    pub(crate) run: Run,
    pub(crate) method: Option<String>,
    bodies: BTreeMap<Hash, Value>,
}

impl Resident {
    /// The run that `event` begins.
    pub(crate) fn begin(event: &Event, input: &Body, method: Option<String>) -> Option<(Self, Vec<Command>)> {
        let (run, owed) = Run::begin(event)?;
        let bodies = BTreeMap::from([(input.digest.hash, input.value.clone())]);
        Some((Self { run, method, bodies }, owed))
    }

    /// The run whose lifecycle entries these are; `None` when there are none.
    pub(crate) fn load(key: &RunKey, entries: Vec<Entry>) -> Result<Option<Self>, Refused> {
        let unreadable = |detail: String| Refused::Unreadable { run: key.run, detail };
        let mut resident: Option<Self> = None;
        for entry in entries {
            let event: Event = serde_json::from_str(&entry.envelope)
                .map_err(|error| unreadable(format!("entry {}: {error}", entry.seq)))?;
            let body = digest_of(&event.what).map(|digest| stored(digest, entry.payload));
            resident = match resident {
                None => {
                    let input =
                        body.ok_or_else(|| unreadable("it does not begin with its creation".into()))?;
                    Self::begin(&event, &input, None).map(|(resident, _)| resident)
                }
                Some(resident) => Some(resident.fold(&event, body).0),
            };
        }
        Ok(resident)
    }

    /// Folds a recorded event in and keeps the body it brought, as long as a step needs it.
    pub(crate) fn fold(mut self, event: &Event, body: Option<Body>) -> (Self, Vec<Command>) {
        let (run, owed) = self.run.apply(event);
        self.run = run;
        if let What::AttemptEnded { step, end: AttemptEnd::Done { .. }, .. } = &event.what {
            if let Some(body) = body {
                self.bodies.insert(body.digest.hash, body.value);
            }
            self.forget_before(step);
        }
        (self, owed)
    }

    /// What a worker needs to try the step.
    pub(crate) fn assignment(&self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Assignment {
        let planned = self.run.created.plan.steps.iter().find(|planned| planned.id == *step);
        let before = planned.and_then(|planned| planned.after.last());
        let previous = before.and_then(|before| self.run.output(before)).map(|digest| self.body(digest));
        Assignment {
            key: key.clone(),
            step: step.clone(),
            attempt,
            agent: self.run.created.agent.clone(),
            version: self.run.created.version,
            work: planned.map(|planned| planned.work.clone()).unwrap_or_default(),
            input: self.body(&self.run.created.input),
            previous,
        }
    }

    fn body(&self, digest: &Digest) -> Value {
        self.bodies.get(&digest.hash).cloned().unwrap_or(Value::Blob(*digest))
    }

    /// Drops the outputs of the steps before `done` that no unfinished step waits for.
    fn forget_before(&mut self, done: &StepId) {
        for before in &self.run.steps[done].after {
            let Some(hash) = self.run.output(before).map(|digest| digest.hash) else { continue };
            if hash != self.run.created.input.hash && !self.is_awaited(&hash) {
                self.bodies.remove(&hash);
            }
        }
    }

    fn is_awaited(&self, hash: &Hash) -> bool {
        let waits = |step: &Step| {
            step.after.iter().filter_map(|before| self.run.output(before)).any(|output| output.hash == *hash)
        };
        self.run.steps.values().any(|step| !step.is_finished() && waits(step))
    }
}

/// The digest of the value that lies beside an event.
fn digest_of(what: &What) -> Option<Digest> {
    match what {
        What::Created(created) => Some(created.input),
        What::AttemptEnded { end: AttemptEnd::Done { output }, .. } => Some(*output),
        _ => None,
    }
}

fn stored(digest: Digest, payload: Option<Vec<u8>>) -> Body {
    let inline = payload.and_then(|bytes| Value::from_stored(digest.media, bytes));
    Body { digest, value: inline.unwrap_or(Value::Blob(digest)) }
}
