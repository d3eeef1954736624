//! Why a run stands as it does, and the way out: two lines.

use mainspring_api::run::{RunStatus, RunView};
use mainspring_types::Timestamp;

use crate::{
    output::{Palette, Tone, age, time},
    render::{tone_of, used},
};

/// One reason and one way out.
pub(crate) fn why(run: &RunView, now: Timestamp) -> (String, String) {
    match &run.waiting {
        Some(waiting) if !run.status.is_ended() => {
            let since = time(now.since(waiting.since));
            (format!("{}, for {since}", waiting.detail), waiting.way_out.clone())
        }
        _ => of_status(run, now),
    }
}

/// The reason beside the status, and the way out below.
pub(crate) fn why_lines(status: RunStatus, reason: &str, way_out: &str, palette: Palette) -> String {
    let status = palette.paint(tone_of(status), status.as_str());
    let arrow = palette.paint(Tone::Active, "→");
    format!("{status}: {reason}\n{arrow} {way_out}\n")
}

fn of_status(run: &RunView, now: Timestamp) -> (String, String) {
    let id = run.run_id;
    let ended = run.ended_at.map_or(String::new(), |at| format!("{}, after {}", age(at, now), used(run)));
    match run.status {
        RunStatus::Completed => (ended, format!("see its result with `mainspring runs show {id}`")),
        RunStatus::Failed => failed(run, &ended),
        RunStatus::Cancelled => (ended, format!("see how far it came with `mainspring runs show {id}`")),
        RunStatus::Paused => (
            "nothing more is dispatched".to_owned(),
            format!("let it go on with `mainspring runs resume {id}`"),
        ),
        RunStatus::Queued => {
            ("no worker has taken it yet".to_owned(), "it begins by itself when a slot is free".to_owned())
        }
        RunStatus::Running | RunStatus::Waiting => {
            (live(run), format!("follow it with `mainspring runs events {id} --follow`"))
        }
    }
}

fn failed(run: &RunView, ended: &str) -> (String, String) {
    let events = format!("read what happened with `mainspring runs events {}`", run.run_id);
    match &run.error {
        Some(problem) => (
            format!("{ended}: {} ({})", problem.message, problem.code),
            problem.suggestion.clone().unwrap_or(events),
        ),
        None => (ended.to_owned(), events),
    }
}

fn live(run: &RunView) -> String {
    match run.steps.iter().find(|step| step.state == "live") {
        Some(step) => format!("step `{}`, attempt {}, is with a worker", step.id, step.attempts),
        None => "its next step is about to begin".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::{at, run};

    fn lines(status: RunStatus) -> String {
        let (reason, way_out) = why(&run(status), at(200_000));
        why_lines(status, &reason, &way_out, Palette::Plain)
    }

    #[test]
    fn every_status_has_a_reason_and_a_way_out() {
        let told: Vec<String> = RunStatus::ALL.iter().map(|status| lines(*status)).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        queued: no worker has taken it yet
        → it begins by itself when a slot is free

        running: step `send`, attempt 1, is with a worker
        → follow it with `mainspring runs events run_01kaj9tk80e00800000000001a --follow`

        waiting: all 2 slots are taken, for 3 min 20 s
        → it begins by itself when a slot is free

        paused: nothing more is dispatched
        → let it go on with `mainspring runs resume run_01kaj9tk80e00800000000001a`

        completed: 3 min ago, after 1.2 s · 4 attempts · 14.2 MB
        → see its result with `mainspring runs show run_01kaj9tk80e00800000000001a`

        failed: 3 min ago, after 1.2 s · 4 attempts · 14.2 MB: the agent ended with exit code 3 (E2001)
        → read its log with `mainspring runs events`

        cancelled: 3 min ago, after 1.2 s · 4 attempts · 14.2 MB
        → see how far it came with `mainspring runs show run_01kaj9tk80e00800000000001a`
        ");
    }
}
