//! The logs of every released format: each must read, and fold to the same run, for ever.
//!
//! A log of `tests/logs` is never changed. A new kind of event gets a new log, in the format of its release.

use std::{collections::BTreeSet, fs, path::Path};

use mainspring_core::{Ending, Event, FORMAT, Outcome, Run, StepState, What};
use serde_json::{Value, json};

const LOGS: [&str; 7] =
    ["cancelled", "completed", "failed", "out_of_time", "past_its_deadline", "stranded", "waiting"];

fn text(log: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/logs/v1/{log}.jsonl"));
    fs::read_to_string(path).expect("the log is in the repository")
}

fn events(log: &str) -> Vec<Event> {
    text(log).lines().map(|line| serde_json::from_str(line).expect("a recorded event reads")).collect()
}

/// How the run of the log stands, in a few lines.
fn stands(log: &str) -> String {
    let run = Run::from_log(&events(log)).expect("a log begins with a creation");
    let mut lines = vec![format!("{} {:?}, {} events", run.status().as_str(), run.reason(), run.next_index)];
    for (id, step) in &run.steps {
        let state = match &step.state {
            StepState::Done { output } => format!("done, {} bytes", output.size),
            state => format!("{state:?}"),
        };
        lines.push(format!(
            "{id}: attempt {}, {} failed, {} lost: {state}",
            step.attempt, step.failures, step.losses
        ));
    }
    lines.extend(run.timers.iter().map(|(timer, at)| format!("{}: {at}", timer.key())));
    lines.extend(run.outcome().map(ended));
    lines.join("\n")
}

fn ended(Outcome { ending, at, unknown }: &Outcome) -> String {
    let how = match ending {
        Ending::Completed { output } => format!("with {}", output.hash),
        Ending::Failed(problem) => format!("{}: {problem}", problem.code),
        Ending::Cancelled { reason } => format!("because {}", reason.as_deref().unwrap_or("someone said so")),
    };
    format!("ended {at} {how}, unknown {unknown:?}")
}

#[test]
fn a_run_that_completed() {
    insta::assert_snapshot!(stands("completed"), @r"
    completed None, 9 events
    fetch: attempt 3, 1 failed, 0 lost: done, 7 bytes
    join: attempt 1, 0 failed, 0 lost: done, 6 bytes
    left: attempt 1, 0 failed, 0 lost: done, 4 bytes
    right: attempt 1, 0 failed, 0 lost: done, 11 bytes
    ended 2023-11-14T22:13:21.700Z with sha256:6b963cc1c2d7d3a4efdc2aac4ae38a8ecbc4535ae84b6dc1440d4abadcd97956, unknown []
    ");
}

#[test]
fn a_run_that_failed() {
    insta::assert_snapshot!(stands("failed"), @r"
    failed None, 3 events
    a: attempt 1, 0 failed, 0 lost: Dropped
    b: attempt 1, 1 failed, 0 lost: Failed
    c: attempt 0, 0 failed, 0 lost: Dropped
    ended 2023-11-14T22:13:20.130Z E2001: the command ended with exit status 3, unknown []
    ");
}

#[test]
fn a_run_that_took_too_long() {
    insta::assert_snapshot!(stands("out_of_time"), @r"
    failed None, 5 events
    a: attempt 1, 0 failed, 0 lost: Dropped
    b: attempt 1, 0 failed, 0 lost: done, 8 bytes
    c: attempt 0, 0 failed, 0 lost: Dropped
    ended 2023-11-14T22:13:21.700Z E2002: the run took longer than its 1.5 s, in steps `a`, `b`, unknown []
    ");
}

#[test]
fn a_run_whose_deadline_passed() {
    insta::assert_snapshot!(stands("past_its_deadline"), @r"
    failed None, 3 events
    a: attempt 1, 0 failed, 0 lost: Dropped
    ended 2023-11-14T22:13:20.500Z E2002: the run's deadline passed, unknown []
    ");
}

#[test]
fn a_run_that_was_cancelled_without_an_answer_from_a_step() {
    insta::assert_snapshot!(stands("cancelled"), @r"
    cancelled None, 6 events
    a: attempt 1, 0 failed, 0 lost: Dropped
    b: attempt 1, 0 failed, 0 lost: Dropped
    c: attempt 0, 0 failed, 0 lost: Dropped
    ended 2023-11-14T22:13:30.100Z because no longer needed, unknown [b]
    ");
}

#[test]
fn a_run_that_waited_for_everything() {
    insta::assert_snapshot!(stands("waiting"), @r"
    running Some(Owner), 16 events
    budget: attempt 2, 0 failed, 0 lost: Live
    child: attempt 2, 0 failed, 0 lost: Live
    gate: attempt 2, 0 failed, 0 lost: done, 1 bytes
    last: attempt 0, 0 failed, 0 lost: Blocked
    nap: attempt 2, 0 failed, 0 lost: Live
    quota: attempt 2, 0 failed, 0 lost: Live
    vote: attempt 2, 0 failed, 0 lost: Live
    ");
}

#[test]
fn a_run_whose_workers_were_lost() {
    insta::assert_snapshot!(stands("stranded"), @r"
    waiting Some(Lost), 6 events
    a: attempt 5, 0 failed, 5 lost: Stranded { since: 2023-11-14T22:15:50.000Z }
    ");
}

#[test]
fn every_event_is_written_again_byte_for_byte() {
    for log in LOGS {
        let write = |event: &Event| serde_json::to_string(event).expect("an event is plain data") + "\n";
        let again: String = events(log).iter().map(write).collect();
        assert_eq!(again, text(log), "{log}");
    }
}

#[test]
fn every_kind_of_event_is_kept_in_some_log() {
    let kept: BTreeSet<&str> =
        LOGS.iter().flat_map(|log| events(log)).map(|event| kind(&event.what)).collect();
    assert_eq!(kept.len(), 11, "{kept:?}");
}

/// A new kind fails to compile here: it needs a log of its own and a higher count above.
fn kind(what: &What) -> &'static str {
    match what {
        What::Created(_) => "created",
        What::ClockStarted {} => "clock_started",
        What::AttemptEnded { .. } => "attempt_ended",
        What::AttemptLost { .. } => "attempt_lost",
        What::TimerFired { .. } => "timer_fired",
        What::GateAnswered { .. } => "gate_answered",
        What::ChildEnded { .. } => "child_ended",
        What::Interrupted {} => "interrupted",
        What::Woken { .. } => "woken",
        What::Paused {} => "paused",
        What::Resumed {} => "resumed",
        What::CancelRequested { .. } => "cancel_requested",
    }
}

#[test]
fn an_event_with_a_field_we_do_not_know_refuses_to_open() {
    for line in LOGS.iter().flat_map(|log| text(log).lines().map(str::to_owned).collect::<Vec<_>>()) {
        let event: Value = serde_json::from_str(&line).expect("a line is JSON");
        for place in objects(&event, "") {
            let mut later = event.clone();
            later.pointer_mut(&place).expect("it was just found")["from_a_later_version"] = json!(1);
            let read = serde_json::from_value::<Event>(later.clone());
            assert!(read.is_err(), "`{place}` of {later}");
        }
    }
}

/// The places of all objects but two kinds: `work`, which is opaque to the core, and a problem, which people read and
/// nothing follows from; its type also travels in answers, where unknown fields are ignored.
fn objects(value: &Value, place: &str) -> Vec<String> {
    let within = |(name, inner): (String, &Value)| objects(inner, &format!("{place}/{name}"));
    match value {
        Value::Object(_) if place.ends_with("/work") || place.ends_with("/problem") => vec![],
        Value::Object(fields) => {
            let deeper = fields.iter().map(|(name, inner)| (name.clone(), inner)).flat_map(within);
            deeper.chain([place.to_owned()]).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).flat_map(within).collect()
        }
        _ => vec![],
    }
}

#[test]
fn the_newest_logs_are_in_the_format_written_today() {
    assert!(LOGS.iter().flat_map(|log| events(log)).any(|event| event.v == FORMAT));
}
