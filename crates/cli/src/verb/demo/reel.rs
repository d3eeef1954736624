//! The run as the demo tells it: its journal folded into one line for each thing an agent does, in the order of time.
//!
//! Pure: lines follow from the entries and the time. What is being done is the *foot*; it settles into a line of its
//! own when it is over, or when it is cut off.

use std::{collections::BTreeMap, time::Duration};

use mainspring_api::event::EventView;
use mainspring_types::Timestamp;

use crate::{
    output::{Palette, Tone, count, fitted, time, width_of},
    render::Entry,
};

/// How wide the column of deeds is.
const DEED: usize = 26;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// What has been seen of a run so far.
pub(super) struct Reel {
    palette: Palette,
    /// How wide the column of steps is.
    width: usize,
    /// The step of the line before.
    heading: Option<String>,
    /// The model calls in the order in which they were first made.
    calls: Vec<String>,
    /// What the steps said, to tell what is said again.
    said: Vec<String>,
    open: Option<Deed>,
    began: BTreeMap<String, Timestamp>,
    took: BTreeMap<String, Duration>,
}

/// What is being done.
struct Deed {
    step: String,
    what: String,
    since: Timestamp,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A model is asked.
    Call,
    /// The agent said so itself.
    Said,
    /// The same in an attempt before.
    SaidAgain,
}

impl Reel {
    /// A run of these steps, of which nothing has been seen.
    pub(super) fn new<'a>(steps: impl Iterator<Item = &'a str>, palette: Palette) -> Self {
        Self {
            palette,
            width: steps.map(width_of).max().unwrap_or(0),
            heading: None,
            calls: Vec::new(),
            said: Vec::new(),
            open: None,
            began: BTreeMap::new(),
            took: BTreeMap::new(),
        }
    }

    /// How long a step's last attempt took.
    pub(super) fn took(&self, step: &str) -> Option<Duration> {
        self.took.get(step).copied()
    }

    /// Takes in the next entry; says what follows from it.
    pub(super) fn fold(&mut self, event: &EventView) -> Vec<String> {
        let entry = Entry(event);
        let Some(step) = entry.step() else { return Vec::new() };
        match entry.kind() {
            "attempt.started" => {
                self.began.insert(step.to_owned(), event.at);
                Vec::new()
            }
            "attempt.ended" => {
                let mut lines = self.settle(event.at);
                lines.push(self.ended(step, event.at));
                lines
            }
            "effect.intended" => {
                let (lines, call) = (self.settle(event.at), self.call(entry));
                self.begin(step, call, event.at, Kind::Call);
                lines
            }
            "effect.committed" => vec![self.answered(entry, step, event.at)],
            "effect.replayed" => {
                let mut lines = self.settle(event.at);
                lines.push(self.replayed(entry, step));
                lines
            }
            "log" => entry.lines().flat_map(|line| self.said(step, line, event.at)).collect(),
            _ => Vec::new(),
        }
    }

    /// What is being done is cut off now; what follows begins under its own heading.
    pub(super) fn cut(&mut self, now: Timestamp) -> Vec<String> {
        let Some(deed) = self.open.take() else { return Vec::new() };
        let (mark, aside) = (self.palette.paint(Tone::Bad, "✗"), self.palette.paint(Tone::Bad, "cut off"));
        let line = self.row(&deed.step, &mark, &deed.what, Some(now.since(deed.since)), &aside);
        self.heading = None;
        vec![line]
    }

    /// What is being done now, in the given frame.
    pub(super) fn foot(&self, now: Timestamp, frame: usize) -> Option<String> {
        let deed = self.open.as_ref()?;
        let mark = self.palette.paint(Tone::Active, SPINNER[frame % SPINNER.len()]);
        let heading = self.heading(&deed.step);
        Some(self.columns(&heading, &mark, &deed.what, Some(now.since(deed.since)), ""))
    }

    fn begin(&mut self, step: &str, what: String, since: Timestamp, kind: Kind) {
        self.open = Some(Deed { step: step.to_owned(), what, since, kind });
    }

    /// What was being done is over, as something else follows.
    fn settle(&mut self, now: Timestamp) -> Vec<String> {
        let Some(deed) = self.open.take() else { return Vec::new() };
        let aside = match deed.kind {
            Kind::SaidAgain => self.palette.paint(Tone::Warn, "again"),
            Kind::Said | Kind::Call => String::new(),
        };
        let mark = self.palette.dim("·");
        vec![self.row(&deed.step, &mark, &deed.what, Some(now.since(deed.since)), &aside)]
    }

    fn said(&mut self, step: &str, line: &str, at: Timestamp) -> Vec<String> {
        let lines = self.settle(at);
        let said = format!("{step} {line}");
        let kind = if self.said.contains(&said) { Kind::SaidAgain } else { Kind::Said };
        self.said.push(said);
        self.begin(step, line.to_owned(), at, kind);
        lines
    }

    fn answered(&mut self, entry: Entry<'_>, step: &str, at: Timestamp) -> String {
        let since = self.open.take().map(|deed| at.since(deed.since));
        let tokens = entry.tokens().map(|tokens| count(tokens, "token"));
        let used: Vec<String> = tokens.into_iter().chain(entry.text("cost").map(str::to_owned)).collect();
        let (what, mark) = (self.call(entry), self.palette.paint(Tone::Active, "→"));
        self.row(step, &mark, &what, since, &format!("sent: {}", used.join(", ")))
    }

    fn replayed(&mut self, entry: Entry<'_>, step: &str) -> String {
        let (what, mark) = (self.call(entry), self.palette.paint(Tone::Good, "↺"));
        let aside = self.palette.paint(Tone::Good, "from the journal, not sent again");
        self.row(step, &mark, &what, None, &aside)
    }

    fn ended(&mut self, step: &str, at: Timestamp) -> String {
        let took = self.began.get(step).map(|began| at.since(*began));
        self.took.extend(took.map(|took| (step.to_owned(), took)));
        let mark = self.palette.paint(Tone::Good, "✓");
        self.row(step, &mark, "step done", None, "")
    }

    /// The entry's model call by its number.
    fn call(&mut self, entry: Entry<'_>) -> String {
        let effect = entry.text("effect").unwrap_or_default();
        let index = self.calls.iter().position(|seen| seen == effect).unwrap_or_else(|| {
            self.calls.push(effect.to_owned());
            self.calls.len() - 1
        });
        format!("model call {}", index + 1)
    }

    fn row(&mut self, step: &str, mark: &str, what: &str, took: Option<Duration>, aside: &str) -> String {
        let heading = self.heading(step);
        self.heading = Some(step.to_owned());
        self.columns(&heading, mark, what, took, aside)
    }

    /// The step's name where it begins; nothing under itself.
    fn heading(&self, step: &str) -> String {
        if self.heading.as_deref() == Some(step) {
            return " ".repeat(self.width);
        }
        self.palette.strong(&format!("{step:<width$}", width = self.width))
    }

    fn columns(&self, head: &str, mark: &str, what: &str, took: Option<Duration>, aside: &str) -> String {
        let what = fitted(what, DEED);
        let took = took.map(|took| self.palette.dim(&format!("{:>7}", time(took))));
        let took = took.unwrap_or_else(|| " ".repeat(7));
        format!("  {head}  {mark} {what:<DEED$} {took}  {aside}").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::fixture::{at, journal};

    fn told(entries: &[(i64, &str, Value)]) -> (Reel, Vec<String>) {
        let mut reel = Reel::new(["ask", "publish"].into_iter(), Palette::Plain);
        let entries: Vec<_> = entries
            .iter()
            .map(|(at, kind, data)| {
                let mut data = data.clone();
                data["step"] = json!("ask");
                (*at, *kind, data)
            })
            .collect();
        let lines = journal(&entries).iter().flat_map(|event| reel.fold(event)).collect();
        (reel, lines)
    }

    fn killed() -> Vec<(i64, &'static str, Value)> {
        vec![
            (0, "attempt.started", json!({})),
            (100, "effect.intended", json!({"effect": "e1"})),
            (
                900,
                "effect.committed",
                json!({"effect": "e1", "usage": {"input_tokens": 60, "output_tokens": 8}, "cost": "$0.0002"}),
            ),
            (950, "log", json!({"lines": ["tool look(a)"]})),
        ]
    }

    #[test]
    fn what_is_cut_off_is_told_as_that() {
        let (mut reel, mut lines) = told(&killed());
        assert_eq!(
            reel.foot(at(1_450), 0).as_deref(),
            Some("           ⠋ tool look(a)                 0.5 s")
        );
        lines.extend(reel.cut(at(1_450)));
        assert_eq!(reel.foot(at(1_500), 0), None);
        insta::assert_snapshot!(lines.join("\n"), @"
        ask      → model call 1                 0.8 s  sent: 68 tokens, $0.0002
                 ✗ tool look(a)                 0.5 s  cut off
        ");
    }

    #[test]
    fn what_a_second_attempt_is_given_keeps_its_number() {
        let again = [
            (5_000, "attempt.started", json!({})),
            (5_100, "effect.replayed", json!({"effect": "e1", "state": "committed"})),
            (5_110, "log", json!({"lines": ["tool look(a)"]})),
            (6_310, "effect.intended", json!({"effect": "e2"})),
            (7_000, "attempt.ended", json!({"end": "done"})),
        ];
        let (reel, lines) = told(&[killed(), again.to_vec()].concat());
        assert_eq!(reel.took("ask"), Some(Duration::from_secs(2)));
        insta::assert_snapshot!(lines.join("\n"), @"
        ask      → model call 1                 0.8 s  sent: 68 tokens, $0.0002
                 · tool look(a)                 4.2 s
                 ↺ model call 1                        from the journal, not sent again
                 · tool look(a)                 1.2 s  again
                 · model call 2                 0.7 s
                 ✓ step done
        ");
    }
}
