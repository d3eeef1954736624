//! A run as the API shows it: the fold of its journal, and what only the engine and other tables know.

use std::path::Path;

use mainspring_api::run::{ReceiptView, RunStatus, RunSummary, RunView, StepView};
use mainspring_boundary::{budget::Limit, price::NanoUsd};
use mainspring_core::{Ending, Reason, Run, StepState};
use mainspring_engine::Kept;
use mainspring_store::{GateRow, RunRow, Used};
use mainspring_types::{Code, Problem, SessionId, StepId};
use serde_json::Value as Json;

use super::{Reading, effect, waiting};

/// What the journal alone does not tell of a run.
pub(crate) struct Known<'a> {
    /// Its result, once it was found.
    pub(crate) result: Option<Json>,
    /// The steps whose attempt no worker has taken.
    pub(crate) untaken: Vec<StepId>,
    /// Why its live attempts do not go on.
    pub(crate) kept: Option<Kept>,
    /// What its calls used.
    pub(crate) used: Used,
    /// The same with what its sub-agents used, which counts against its budget too.
    pub(crate) used_by_family: Used,
    /// The limits on its calls.
    pub(crate) limits: Vec<Limit>,
    /// The conversation it belongs to.
    pub(crate) session: Option<SessionId>,
    /// What the gates ask at which it waits.
    pub(crate) gates: Vec<GateRow>,
    /// What a cancel ended.
    pub(crate) receipt: Option<ReceiptView>,
    /// Where runs have folders of their own.
    pub(crate) workspaces: &'a Path,
}

impl Reading {
    /// The run, with what is known beside its journal.
    pub(crate) fn show(self, row: &RunRow, known: Known<'_>) -> Option<RunView> {
        let run = self.run?;
        let Known {
            result,
            untaken,
            kept,
            used,
            used_by_family,
            limits,
            session,
            gates,
            receipt,
            workspaces,
        } = known;
        let waiting = waiting::of(&run, row.run, (&untaken, kept.as_ref()), &gates);
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
            model_calls: self.tally.model_calls,
            replayed_calls: self.tally.replayed_calls,
            cost: NanoUsd(used.cost).to_string(),
            cost_nano_usd: used.cost,
            held_tokens: used.held.tokens,
            budget: effect::budget(&limits, &used_by_family),
            created_at: run.created_at,
            ended_at: run.outcome().map(|outcome| outcome.at),
            waiting,
            steps: steps_of(&run, &untaken, kept.as_ref()),
            isolation: self.isolation,
            session,
            parent: run.created.parent.as_ref().map(|(parent, _)| *parent),
            workspace: workspace(&run, workspaces),
            tool_calls: self.tally.tool_calls,
            receipt,
            last_seq: self.last_seq,
        })
    }
}

/// The folder that the run's tools work in, if its plan names one.
fn workspace(run: &Run, workspaces: &Path) -> Option<String> {
    let is = &run.created.plan.steps.first()?.work["workspace"];
    match (is["own"].as_str(), is["path"].as_str()) {
        (Some(owner), _) => Some(workspaces.join(owner).display().to_string()),
        (None, path) => path.map(str::to_owned),
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
