//! One entry of a run's journal, read for people.

use mainspring_api::event::EventView;
use mainspring_types::Problem;
use serde_json::Value;

use super::{effect, tool};
use crate::output::{Palette, Tone, fitted};

/// An entry with its fields by name. Fields that are absent or of another kind are simply not there: a newer server
/// may say things differently.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a>(pub(crate) &'a EventView);

impl<'a> Entry<'a> {
    /// The kind of entry.
    pub(crate) fn kind(self) -> &'a str {
        &self.0.kind
    }

    /// A field that is text.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.data.get(name)?.as_str()
    }

    /// The step it is about.
    pub(crate) fn step(self) -> Option<&'a str> {
        self.text("step")
    }

    /// The attempt it is about.
    pub(crate) fn attempt(self) -> Option<u64> {
        self.0.data.get("attempt")?.as_u64()
    }

    /// A field that is a number.
    pub(crate) fn number(self, name: &str) -> Option<u64> {
        self.0.data.get(name)?.as_u64()
    }

    /// The tokens of a call.
    pub(crate) fn tokens(self) -> Option<u64> {
        let usage = self.0.data.get("usage")?.as_object()?;
        Some(usage.values().filter_map(Value::as_u64).sum())
    }

    /// The lines an agent wrote.
    pub(crate) fn lines(self) -> impl Iterator<Item = &'a str> {
        self.0.data.get("lines").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The problem it tells of.
    pub(crate) fn problem(self) -> Option<Problem> {
        let field = self.0.data.get("problem").or_else(|| self.0.data.get("error"))?;
        serde_json::from_value(field.clone()).ok()
    }
}

/// The entry in one line, such as `14:03:07.120  12  step `build`: attempt 2 began`; each log line is its own.
pub(crate) fn line(event: &EventView, palette: Palette, columns: usize) -> String {
    let at = event.at.to_string();
    let clock = at.get(11..23).unwrap_or(&at);
    let lead = palette.dim(&format!("{clock} {:>4}", event.seq));
    let (tone, words) = words(Entry(event));
    let room = columns.saturating_sub(19).max(20);
    let lines: Vec<String> = words
        .lines()
        .map(|text| fitted(text, room))
        .map(|text| {
            format!("{lead}  {}", tone.map_or_else(|| text.clone(), |tone| palette.paint(tone, &text)))
        })
        .collect();
    lines.join("\n")
}

/// Whether an entry is worth a line to someone who waits for the result, rather than for the record.
pub(crate) fn is_notable(event: &EventView) -> bool {
    !matches!(
        event.kind.as_str(),
        "run.clock_started"
            | "run.interrupted"
            | "timer.fired"
            | "effect.intended"
            | "gate.answered"
            | "step.woken"
    )
}

/// What happened, in words.
pub(super) fn words(entry: Entry<'_>) -> (Option<Tone>, String) {
    let step = entry.step().unwrap_or("?");
    let attempt = entry.attempt().unwrap_or(0);
    let of_step = |words: &str| format!("{step} · {words}");
    match entry.kind() {
        "run.created" => (
            None,
            format!("accepted{}", entry.text("agent").map_or(String::new(), |agent| format!(" for {agent}"))),
        ),
        "run.clock_started" => (Some(Tone::Dim), "the run's own time begins".to_owned()),
        "attempt.preparing" => (Some(Tone::Dim), of_step(&preparing(entry))),
        "attempt.started" => (None, of_step(&format!("attempt {attempt} began"))),
        "attempt.ended" => ended(entry, step),
        "attempt.lost" => (Some(Tone::Warn), of_step(&lost(entry))),
        "timer.fired" => (Some(Tone::Dim), "a timer came due".to_owned()),
        "gate.answered" => (None, "a gate was answered".to_owned()),
        "child.ended" => (None, "a child run ended".to_owned()),
        "step.woken" => (None, of_step("goes on")),
        "run.paused" => (Some(Tone::Warn), "paused".to_owned()),
        "run.resumed" => (None, "resumed".to_owned()),
        "run.interrupted" => (Some(Tone::Dim), "its worker is told".to_owned()),
        "run.cancel_requested" => (Some(Tone::Warn), "cancel was asked for".to_owned()),
        "log" => (
            Some(Tone::Dim),
            entry.lines().map(|text| format!("{step} │ {text}")).collect::<Vec<_>>().join("\n"),
        ),
        "progress" => (Some(Tone::Dim), of_step(&fraction(entry))),
        "run.completed" => (Some(Tone::Good), "✓ completed".to_owned()),
        "run.failed" => (Some(Tone::Bad), format!("✗ failed{}", because(entry))),
        "run.cancelled" => (Some(Tone::Warn), "■ cancelled".to_owned()),
        other => effect::words(entry)
            .or_else(|| tool::words(entry))
            .unwrap_or_else(|| (Some(Tone::Dim), other.to_owned())),
    }
}

/// What is being prepared.
pub(crate) fn preparing(entry: Entry<'_>) -> String {
    let said: Vec<&str> = ["stage", "message"]
        .into_iter()
        .filter_map(|name| entry.text(name))
        .filter(|text| !text.is_empty())
        .collect();
    format!("environment: {}", said.join(" · "))
}

/// What became of a lost attempt's worker.
pub(crate) fn lost(entry: Entry<'_>) -> String {
    let attempt = entry.attempt().unwrap_or(0);
    match entry.text("loss") {
        Some("server") => format!("attempt {attempt} was cut off: the server died"),
        _ => format!("attempt {attempt} was cut off: it was killed, or its worker fell silent"),
    }
}

fn ended(entry: Entry<'_>, step: &str) -> (Option<Tone>, String) {
    let attempt = entry.attempt().unwrap_or(0);
    match entry.text("end") {
        Some("done") => (Some(Tone::Good), format!("{step} · done")),
        Some("failed") => (Some(Tone::Bad), format!("{step} · attempt {attempt} failed{}", because(entry))),
        Some("parked") => (Some(Tone::Warn), format!("{step} · waits")),
        _ => (Some(Tone::Warn), format!("{step} · attempt {attempt} was ended")),
    }
}

fn because(entry: Entry<'_>) -> String {
    entry.problem().map_or(String::new(), |problem| format!(": {} ({})", problem.message, problem.code))
}

fn fraction(entry: Entry<'_>) -> String {
    let part = entry.0.data.get("fraction").and_then(Value::as_f64).unwrap_or(0.0);
    let said = entry.text("message").map_or(String::new(), |message| format!(" · {message}"));
    format!("{:.0} %{said}", part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::{journal, lost_and_found};

    #[test]
    fn a_journal_reads_as_a_story() {
        let story: Vec<String> =
            lost_and_found().iter().map(|event| line(event, Palette::Plain, 80)).collect();
        insta::assert_snapshot!(story.join("\n"), @"
        04:40:00.000    1  accepted for writer
        04:40:00.003    2  plan · environment: install · resolving
        04:40:00.400    3  plan · attempt 1 began
        04:40:00.500    4  plan │ thinking
        04:40:00.500    4  plan │ thought
        04:40:00.900    5  plan · done
        04:40:00.904    6  write · attempt 1 began
        04:40:05.000    7  write · attempt 1 was cut off: the server died
        04:40:05.004    8  write · attempt 2 began
        04:40:06.204    9  write · done
        04:40:06.206   10  send · attempt 1 began
        04:40:06.306   11  send · attempt 1 failed: the agent ended with exit code 3 (E…
        04:40:06.306   12  ✗ failed: the agent ended with exit code 3 (E2001)
        ");
    }

    #[test]
    fn an_unknown_entry_is_shown_by_its_name() {
        let event = &journal(&[(0, "sun.eclipsed", serde_json::json!({}))])[0];
        assert_eq!(line(event, Palette::Plain, 80), "04:40:00.000    1  sun.eclipsed");
    }
}
