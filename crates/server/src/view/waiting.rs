//! The one reason a run is not finished, in words, and the way out.

use mainspring_api::run::Waiting;
use mainspring_core::{Phase, Reason, Run, StepState, Wait};
use mainspring_engine::Kept;
use mainspring_store::GateRow;
use mainspring_types::{RunId, StepId, Timestamp};

use super::gate;

/// The reason as it travels.
pub(super) fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::Stopping => "stopping",
        Reason::Owner => "owner",
        Reason::Slot => "slot",
        Reason::Paused => "paused",
        Reason::Gate => "gate",
        Reason::Budget => "budget",
        Reason::Lost => "lost",
        Reason::Quota => "quota",
        Reason::Child => "child",
        Reason::Timer => "timer",
        Reason::Dependency => "dependency",
    }
}

/// Why an attempt that was dispatched has not been taken by a worker.
pub(super) fn untaken_reason(run: &Run) -> Reason {
    match run.phase {
        Phase::Paused { .. } => Reason::Paused,
        _ => Reason::Slot,
    }
}

/// What the run waits for; `None` when it has ended or an attempt of it is at work. `kept` is why none of its live
/// attempts is, `gates` are those at which it waits.
pub(super) fn of(
    run: &Run,
    id: RunId,
    (untaken, kept): (&[StepId], Option<&Kept>),
    gates: &[GateRow],
) -> Option<Waiting> {
    let reason = match run.reason()? {
        Reason::Owner if run.live().all(|(step, _)| untaken.contains(step)) => untaken_reason(run),
        Reason::Owner => return kept.map(held),
        reason => reason,
    };
    let (since, detail, way_out) = explain(run, id, reason, gates);
    Some(Waiting { reason: word(reason).to_owned(), since, detail, way_out })
}

/// What an attempt waits for whose process is kept.
fn held(kept: &Kept) -> Waiting {
    Waiting {
        reason: word(kept.reason).to_owned(),
        since: kept.since,
        detail: kept.detail.clone(),
        way_out: kept.way_out.clone(),
    }
}

fn explain(run: &Run, id: RunId, reason: Reason, gates: &[GateRow]) -> (Timestamp, String, String) {
    let (step, since) = waiting_step(run, reason);
    let named = step.map(ToString::to_string).unwrap_or_default();
    let wait = step.and_then(|step| match &run.steps[step].state {
        StepState::Parked { wait, .. } => Some(wait),
        _ => None,
    });
    let (detail, way_out) = match reason {
        Reason::Slot => (
            "every worker slot is taken".to_owned(),
            "it starts by itself when a slot is free; `mainspring serve --slots N` has more of them"
                .to_owned(),
        ),
        Reason::Paused => {
            ("it was paused on request".to_owned(), format!("resume it: mainspring runs resume {id}"))
        }
        Reason::Stopping => (
            "its agent was told to end and has not ended yet".to_owned(),
            format!(
                "it ends by itself within ten seconds; sooner with: mainspring runs cancel {id} --level kill"
            ),
        ),
        Reason::Lost => (
            format!("step `{named}` lost its worker {} times in a row", mainspring_core::LOSSES_MAX),
            format!("look into it with `mainspring runs events {id}`, then: mainspring runs resume {id}"),
        ),
        Reason::Timer => {
            let until = run.timers.values().min().map(ToString::to_string).unwrap_or_default();
            (format!("step `{named}` is tried again at {until}"), "it goes on by itself".to_owned())
        }
        Reason::Gate => asked(&named, wait, gates),
        Reason::Budget => (format!("step `{named}` used up its budget"), "raise the budget".to_owned()),
        Reason::Quota => {
            (format!("step `{named}` met the provider's limit"), "it goes on by itself".to_owned())
        }
        Reason::Child => child(&named, wait),
        Reason::Dependency | Reason::Owner => {
            (format!("step `{named}` waits for a step before it"), "it goes on by itself".to_owned())
        }
    };
    (since, detail, way_out)
}

/// What is asked at the gate that is waited at, and who answers it how.
fn asked(step: &str, wait: Option<&Wait>, gates: &[GateRow]) -> (String, String) {
    let open = match wait {
        Some(Wait::Gate { gate, .. }) => gates.iter().find(|open| open.hash == *gate),
        _ => None,
    };
    match open {
        Some(open) => (gate::asked(open), gate::way_out(open)),
        None => (
            format!("step `{step}` waits for an answer"),
            "see what is asked: mainspring gates list".to_owned(),
        ),
    }
}

fn child(step: &str, wait: Option<&Wait>) -> (String, String) {
    match wait {
        Some(Wait::Child { child }) => (
            format!("step `{step}` waits for run {child}, which it started"),
            format!("it goes on when that run has ended; how it stands: mainspring why {child}"),
        ),
        _ => {
            (format!("step `{step}` waits for another run"), "it goes on when that run has ended".to_owned())
        }
    }
}

/// The first step that waits for that reason, and since when.
fn waiting_step(run: &Run, reason: Reason) -> (Option<&StepId>, Timestamp) {
    let found = run.steps.iter().find(|(_, step)| run.step_reason(step) == Some(reason));
    let since = match (&run.phase, found.map(|(_, step)| &step.state)) {
        (Phase::Paused { since } | Phase::Stopping { since, .. }, _)
        | (_, Some(StepState::Parked { since, .. } | StepState::Stranded { since })) => *since,
        _ => run.last_at,
    };
    (found.map(|(id, _)| id), since)
}
