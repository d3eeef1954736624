//! A run as the API shows it: the fold of its journal, and what only the engine knows.

use mainspring_api::run::{RunStatus, RunSummary, RunView, StepView};
use mainspring_boundary::{budget::Limit, price::NanoUsd};
use mainspring_core::{AttemptEnd, Ending, Event, Reason, Run, StepState, Used, What};
use mainspring_engine::Kept;
use mainspring_store::{self as store, Entry, EntryKind, RunRow};
use mainspring_types::{Code, Digest, Problem, StepId, Value};
use serde_json::Value as Json;

use super::{effect, waiting};

/// What reading a run's journal from its beginning tells.
#[derive(Default)]
pub(crate) struct Reading {
    run: Option<Run>,
    began: bool,
    active_ms: u64,
    peak_memory: Option<u64>,
    isolation: Option<Json>,
    last_seq: u64,
    last_output: Option<(Digest, Value)>,
    model_calls: u64,
    replayed_calls: u64,
}

/// What the journal alone does not tell of a run.
pub(crate) struct Known {
    /// Its result, once it was found.
    pub(crate) result: Option<Json>,
    /// The steps whose attempt no worker has taken.
    pub(crate) untaken: Vec<StepId>,
    /// Why its live attempts do not go on.
    pub(crate) kept: Option<Kept>,
    /// What its calls used.
    pub(crate) used: store::Used,
    /// The limits on its calls.
    pub(crate) limits: Vec<Limit>,
}

impl Reading {
    /// Takes in the next entry.
    pub(crate) fn read(&mut self, entry: Entry) -> Result<(), serde_json::Error> {
        self.last_seq = entry.seq;
        match entry.kind {
            EntryKind::Lifecycle => {
                let event: Event = serde_json::from_str(&entry.envelope)?;
                if let What::AttemptEnded { end, used, .. } = &event.what {
                    self.measure(*used);
                    self.keep_output(end, entry.payload);
                }
                self.run = match self.run.take() {
                    None => Run::begin(&event).map(|(run, _)| run),
                    Some(run) => Some(run.apply(&event).0),
                };
            }
            EntryKind::Note => self.read_note(&serde_json::from_str(&entry.envelope)?),
            EntryKind::Effect => self.count(&serde_json::from_str(&entry.envelope)?),
            EntryKind::Outcome => {}
        }
        Ok(())
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

    fn count(&mut self, line: &Json) {
        let replayed = matches!(line["type"].as_str(), Some("effect.replayed" | "effect.near"));
        if replayed || line["type"] == "effect.intended" {
            self.model_calls += 1;
            self.replayed_calls += u64::from(replayed);
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

    /// The run, with what is known beside its journal.
    pub(crate) fn show(self, row: &RunRow, known: Known) -> Option<RunView> {
        let run = self.run?;
        let Known { result, untaken, kept, used, limits } = known;
        let waiting = waiting::of(&run, row.run, &untaken, kept.as_ref());
        let status = match waiting.as_ref().map(|waiting| waiting.reason.as_str()) {
            Some("slot") if self.began || run.attempts() > 1 => RunStatus::Waiting,
            Some("slot") => RunStatus::Queued,
            Some("paused") => RunStatus::Paused,
            Some("gate" | "budget" | "quota") => RunStatus::Waiting,
            _ => core_status(&run),
        };
        Some(RunView {
            run_id: row.run,
            status,
            agent: row.agent.clone(),
            version: row.version.to_string(),
            method: row.method.clone(),
            result,
            error: error_of(&run),
            execution_time: std::time::Duration::from_millis(self.active_ms).as_secs_f64(),
            memory_usage_bytes: self.peak_memory,
            attempts: run.attempts(),
            usage: effect::usage(used.tokens),
            model_calls: self.model_calls,
            replayed_calls: self.replayed_calls,
            cost: NanoUsd(used.cost).to_string(),
            cost_nano_usd: used.cost,
            held_tokens: used.held.tokens,
            budget: effect::budget(&limits, &used),
            created_at: run.created_at,
            ended_at: run.outcome().map(|outcome| outcome.at),
            waiting,
            steps: steps_of(&run, &untaken, kept.as_ref()),
            isolation: self.isolation,
            last_seq: self.last_seq,
        })
    }
}

fn core_status(run: &Run) -> RunStatus {
    RunStatus::from_word(run.status().as_str()).expect("the API knows every status of the core")
}

/// What the engine knows of a run's attempts that its row does not say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// A worker has one, or there is none.
    Yes,
    /// No worker has taken any, ever.
    Never,
    /// No worker has taken them, since the run is paused.
    Withheld,
    /// Workers have them, and none of them goes on.
    Kept(Kept),
}

/// A run in a list.
pub(crate) fn summary(row: RunRow, taken: &Taken) -> RunSummary {
    let (status, reason) = standing(&row, taken);
    RunSummary {
        run_id: row.run,
        status,
        agent: row.agent,
        method: row.method,
        created_at: row.created_at,
        ended_at: row.ended_at,
        reason,
    }
}

/// How a row's run stands, and what it waits for.
fn standing(row: &RunRow, taken: &Taken) -> (RunStatus, Option<String>) {
    let is_live = row.reason.as_deref() == Some("owner");
    match (RunStatus::from_word(&row.status).unwrap_or(RunStatus::Waiting), taken) {
        (RunStatus::Running, Taken::Never) => (RunStatus::Queued, Some("slot".into())),
        (RunStatus::Running, Taken::Withheld) | (RunStatus::Paused, _) => {
            (RunStatus::Paused, Some("paused".into()))
        }
        (RunStatus::Running, Taken::Kept(kept)) if is_live => {
            (RunStatus::Waiting, Some(waiting::word(kept.reason).into()))
        }
        (RunStatus::Waiting, _) => (RunStatus::Waiting, row.reason.clone()),
        (status, _) => (status, None),
    }
}

fn error_of(run: &Run) -> Option<Problem> {
    match &run.outcome()?.ending {
        Ending::Completed { .. } => None,
        Ending::Failed(problem) => Some(problem.clone()),
        Ending::Cancelled { reason } => {
            let message = match reason {
                Some(reason) => format!("the run was cancelled: {reason}"),
                None => "the run was cancelled".to_owned(),
            };
            Some(Problem::new(Code::Cancelled, message).suggest("start it again when it is wanted"))
        }
    }
}

fn steps_of(run: &Run, untaken: &[StepId], kept: Option<&Kept>) -> Vec<StepView> {
    let planned = run.created.plan.steps.iter();
    planned
        .map(|planned| {
            let step = &run.steps[&planned.id];
            let reason = match run.step_reason(step) {
                Some(Reason::Owner) if untaken.contains(&planned.id) => Some(waiting::untaken_reason(run)),
                Some(Reason::Owner) => kept.map(|kept| kept.reason).or(Some(Reason::Owner)),
                reason => reason,
            };
            StepView {
                id: planned.id.clone(),
                state: state_word(&step.state).to_owned(),
                attempts: step.attempt.0,
                failures: step.failures,
                reason: reason.map(|reason| waiting::word(reason).to_owned()),
            }
        })
        .collect()
}

fn state_word(state: &StepState) -> &'static str {
    match state {
        StepState::Blocked => "blocked",
        StepState::Ready => "ready",
        StepState::Live => "live",
        StepState::BackingOff { .. } => "backing_off",
        StepState::Parked { .. } => "parked",
        StepState::Stranded { .. } => "stranded",
        StepState::Done { .. } => "done",
        StepState::Failed => "failed",
        StepState::Dropped => "dropped",
    }
}
