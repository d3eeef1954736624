//! One run, whole, as a card.

use std::fmt::Write as _;

use mainspring_api::run::{RunView, StepView};
use mainspring_types::Timestamp;
use serde_json::Value;

use crate::{
    failure,
    output::{Palette, Surface, Table, Tone, age, count, moment, short_version},
    render::{result, tone_of, used},
};

/// The run with its steps, and its result, its error or what it waits for.
pub(crate) fn card(run: &RunView, now: Timestamp, palette: Palette, surface: Surface) -> String {
    let status = palette.paint(tone_of(run.status), run.status.as_str());
    let mut text = format!("{}  {status}\n\n", palette.strong(&run.run_id.to_string()));
    for (name, value) in facts(run, now) {
        let _ = writeln!(text, "  {} {value}", palette.dim(&format!("{name:<10}")));
    }
    let _ = write!(text, "\n{}", steps(&run.steps, palette));
    if let Some(receipt) = &run.receipt {
        let _ = write!(text, "\n{}", super::receipt(receipt, palette));
    }
    if let Some(value) = &run.result {
        let _ = write!(text, "\n{}\n", result(value, surface));
    }
    if let Some(problem) = &run.error {
        let _ = write!(text, "\n{}", failure::block(problem, palette));
    }
    text
}

fn facts(run: &RunView, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut facts = vec![("agent", format!("{} @ {}", run.agent, short_version(&run.version)))];
    facts.extend(run.method.clone().map(|method| ("method", method)));
    facts.extend(run.session.map(|session| ("session", session.to_string())));
    facts.extend(run.parent.map(|parent| ("parent", parent.to_string())));
    facts.extend(run.workspace.clone().map(|workspace| ("workspace", workspace)));
    facts.push(("created", format!("{} ({})", moment(run.created_at), age(run.created_at, now))));
    facts.extend(run.ended_at.map(|at| ("ended", format!("{} ({})", moment(at), age(at, now)))));
    facts.push(("used", used(run)));
    if !run.budget.is_empty() {
        let limits: Vec<&str> = run.budget.iter().map(|limit| limit.summary.as_str()).collect();
        facts.push(("budget", limits.join(", ")));
    }
    facts.extend(run.isolation.as_ref().map(|isolation| ("isolation", isolation_words(isolation))));
    if let Some(waiting) = &run.waiting {
        facts.push(("waits for", format!("{}: {}", waiting.reason, waiting.detail)));
        facts.push(("way out", waiting.way_out.clone()));
    }
    facts
}

/// The isolation in one line: what holds, without the structure around it.
fn isolation_words(isolation: &Value) -> String {
    match isolation {
        Value::Object(fields) => {
            let words: Vec<String> =
                fields.iter().filter_map(|(name, value)| isolation_word(name, value)).collect();
            words.join(", ")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn isolation_word(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(name.replace('_', " ")),
        Value::String(text) => Some(format!("{name} {text}")),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(isolation_words).collect();
            Some(format!("{name}: {}", items.join(" ")))
        }
        other => Some(format!("{name} {other}")),
    }
}

fn steps(steps: &[StepView], palette: Palette) -> String {
    let mut table = Table::new(["", "STEP", "STATE", "ATTEMPTS"]);
    for step in steps {
        let (mark, tone) = match step.state.as_str() {
            "done" => ("✓", Tone::Good),
            "failed" => ("✗", Tone::Bad),
            "live" | "ready" => ("●", Tone::Active),
            "dropped" => ("■", Tone::Warn),
            _ => ("·", Tone::Dim),
        };
        let reason = step.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
        table.row([
            format!("  {}", palette.paint(tone, mark)),
            step.id.to_string(),
            format!("{}{}", step.state, palette.dim(&reason)),
            attempts(step),
        ]);
    }
    table.render(palette)
}

fn attempts(step: &StepView) -> String {
    match step.failures {
        0 => step.attempts.to_string(),
        failures => format!("{}, {}", step.attempts, count(u64::from(failures), "failure")),
    }
}

#[cfg(test)]
mod tests {
    use mainspring_api::run::RunStatus;

    use super::*;
    use crate::render::fixture::{at, run};

    fn shown(status: RunStatus) -> String {
        card(&run(status), at(200_000), Palette::Plain, Surface::Plain)
    }

    #[test]
    fn a_completed_run_shows_its_result() {
        insta::assert_snapshot!(shown(RunStatus::Completed), @r#"
        run_01kaj9tk80e00800000000001a  completed

          agent      writer @ 4f1c9a2b4f1c
          created    2025-11-21 04:40:00 UTC (3 min ago)
          ended      2025-11-21 04:40:06 UTC (3 min ago)
          used       1.2 s · 4 attempts · 14.2 MB

             STEP   STATE  ATTEMPTS
          ✓  plan   done   1
          ✓  write  done   2
          ✓  send   done   1

        {"pages":3}
        "#);
    }

    #[test]
    fn a_failed_run_shows_its_error() {
        insta::assert_snapshot!(shown(RunStatus::Failed), @"
        run_01kaj9tk80e00800000000001a  failed

          agent      writer @ 4f1c9a2b4f1c
          created    2025-11-21 04:40:00 UTC (3 min ago)
          ended      2025-11-21 04:40:06 UTC (3 min ago)
          used       1.2 s · 4 attempts · 14.2 MB

             STEP   STATE   ATTEMPTS
          ✓  plan   done    1
          ✓  write  done    2
          ✗  send   failed  1, 1 failure

        error[E2001]: the agent ended with exit code 3
          hint: read its log with `mainspring runs events`
          docs: docs/errors/E2001.md
        ");
    }

    #[test]
    fn a_waiting_run_shows_the_way_out() {
        insta::assert_snapshot!(shown(RunStatus::Waiting), @"
        run_01kaj9tk80e00800000000001a  waiting

          agent      writer @ 4f1c9a2b4f1c
          created    2025-11-21 04:40:00 UTC (3 min ago)
          used       1.2 s · 4 attempts · 14.2 MB
          waits for  slot: all 2 slots are taken
          way out    it begins by itself when a slot is free

             STEP   STATE        ATTEMPTS
          ✓  plan   done         1
          ✓  write  done         2
          ●  send   live (slot)  1
        ");
    }
}
