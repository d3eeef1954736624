//! Tool calls as cards: what is called with what, for how long, and the first lines of what came of it.

use mainspring_types::Timestamp;
use serde_json::Value;

use crate::{
    output::{Palette, Tone, count, fitted, time},
    render::{Entry, Frame, SPINNER, subject},
};
use std::time::Duration;

/// How many lines of an output are shown, and how many of a complaint.
const BODY_MAX: usize = 5;
const COMPLAINT_MAX: usize = 10;
/// What a call is about stays on one line.
const SUBJECT_MIN: usize = 20;

/// A call that is under way.
pub(super) struct Running {
    pub(super) effect: String,
    tool: String,
    arguments: Value,
    since: Timestamp,
    number: u64,
    /// The run that works on it, where another does.
    child: Option<String>,
}

/// A call that is over.
pub(super) struct Card {
    tool: String,
    arguments: Value,
    lasted: Option<Duration>,
    outcome: Outcome,
}

/// What came of a call.
enum Outcome {
    Returned(String),
    /// The tool complained, or could not do its work.
    Failed(String),
    /// It broke off.
    Unknown(String),
    /// It was not made.
    Denied(String),
    /// It was made before.
    Replayed,
}

impl Running {
    pub(super) fn new(entry: Entry<'_>) -> Self {
        Self {
            effect: entry.text("effect").unwrap_or_default().to_owned(),
            tool: tool_of(entry),
            arguments: arguments_of(entry),
            since: entry.0.at,
            number: entry.number("try").unwrap_or(1),
            child: None,
        }
    }

    /// The call that another run works on from now on.
    pub(super) fn child(entry: Entry<'_>, known: Option<Self>) -> Self {
        let text = |name: &str| entry.text(name).unwrap_or("?");
        let child = Some(format!("{} works as {}", text("agent"), text("run_id")));
        Self { child, ..known.unwrap_or_else(|| Self::new(entry)) }
    }

    /// The call while it lasts.
    pub(super) fn line(&self, frame: Frame) -> String {
        let mark = frame.palette.paint(Tone::Active, SPINNER[frame.number % SPINNER.len()]);
        let again = (self.number > 1).then(|| format!("try {}", self.number));
        let lasts = time(frame.now.since(self.since));
        let parts: Vec<String> = [lasts].into_iter().chain(again).chain(self.child.clone()).collect();
        let aside = parts.join("  ");
        head(&mark, &self.tool, &self.arguments, &aside, frame.palette, frame.columns)
    }
}

impl Card {
    /// The card of the call that this entry ends, made with `arguments`; `running` is what was seen of it.
    pub(super) fn settle(entry: Entry<'_>, running: Option<Running>, arguments: Value) -> Self {
        let measured = entry.number("ms").map(Duration::from_millis);
        let seen = running.as_ref().map(|running| entry.0.at.since(running.since));
        let tool = running.map_or_else(|| tool_of(entry), |running| running.tool);
        let outcome = Outcome::of(entry);
        let was_made = !matches!(outcome, Outcome::Denied(_) | Outcome::Replayed);
        Self { tool, arguments, lasted: measured.or(seen).filter(|_| was_made), outcome }
    }

    /// Whether all of it is told already: the answer to a question is, where it was given.
    pub(super) fn is_told(&self) -> bool {
        self.tool == "ask_user" && matches!(self.outcome, Outcome::Returned(_))
    }

    /// The card as it stays.
    pub(super) fn lines(&self, palette: Palette, columns: usize) -> Vec<String> {
        let (mark, tone) = self.outcome.look();
        let aside = self.aside();
        let mut lines =
            vec![head(&palette.paint(tone, mark), &self.tool, &self.arguments, &aside, palette, columns)];
        lines.extend(self.body(palette, columns.saturating_sub(6)));
        lines
    }

    fn aside(&self) -> String {
        let lasted = self.lasted.map(time);
        let word = match &self.outcome {
            Outcome::Replayed => Some("from the journal".to_owned()),
            Outcome::Unknown(_) => Some("cut off: nobody knows how far it came".to_owned()),
            Outcome::Denied(_) => Some("not allowed".to_owned()),
            Outcome::Returned(text) if is_bulk(&self.tool) => {
                Some(count(text.lines().count() as u64, "line"))
            }
            Outcome::Returned(text) if text.trim().is_empty() => Some("no output".to_owned()),
            _ => None,
        };
        lasted.into_iter().chain(word).collect::<Vec<_>>().join("  ")
    }

    fn body(&self, palette: Palette, columns: usize) -> Vec<String> {
        match &self.outcome {
            Outcome::Replayed => Vec::new(),
            Outcome::Returned(_) if self.tool == "edit_file" => self.changes(palette, columns),
            Outcome::Returned(_) if is_bulk(&self.tool) => Vec::new(),
            Outcome::Returned(text) => excerpt(text, BODY_MAX, columns, &|line| palette.dim(line), palette),
            Outcome::Failed(text) | Outcome::Unknown(text) | Outcome::Denied(text) => {
                let (_, tone) = self.outcome.look();
                excerpt(text, COMPLAINT_MAX, columns, &|line| palette.paint(tone, line), palette)
            }
        }
    }

    /// What an edit takes away and what it puts there.
    fn changes(&self, palette: Palette, columns: usize) -> Vec<String> {
        let side = |name: &str, sign: &str, tone| {
            let text = self.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
            let text: Vec<String> = text.lines().map(|line| format!("{sign} {line}")).collect();
            excerpt(&text.join("\n"), BODY_MAX, columns, &|line| palette.paint(tone, line), palette)
        };
        [side("old", "-", Tone::Bad), side("new", "+", Tone::Good)].concat()
    }
}

impl Outcome {
    fn of(entry: Entry<'_>) -> Self {
        let text = |name: &str| entry.text(name).unwrap_or_default().to_owned();
        let complains = entry.0.data.get("error").and_then(Value::as_bool).unwrap_or(false);
        match entry.kind() {
            "tool.failed" => Self::Failed(text("error")),
            "tool.unknown" => Self::Unknown(text("error")),
            "tool.denied" => Self::Denied(text("why")),
            "tool.replayed" => Self::Replayed,
            _ if complains => Self::Failed(text("output")),
            _ => Self::Returned(without_success(&text("output"))),
        }
    }

    fn look(&self) -> (&'static str, Tone) {
        match self {
            Self::Returned(_) => ("✓", Tone::Good),
            Self::Failed(_) => ("✗", Tone::Bad),
            Self::Unknown(_) => ("?", Tone::Warn),
            Self::Denied(_) => ("⊘", Tone::Bad),
            Self::Replayed => ("↺", Tone::Good),
        }
    }
}

/// What a program said, without the line that says that it went well: its mark does.
fn without_success(output: &str) -> String {
    output.trim_end().strip_suffix("[exit code 0]").unwrap_or(output).to_owned()
}

/// Tools whose output is for the model: a person wants to know how much it was.
fn is_bulk(tool: &str) -> bool {
    matches!(tool, "read_file" | "list_files" | "search_files" | "web_fetch")
}

fn tool_of(entry: Entry<'_>) -> String {
    entry.text("tool").unwrap_or("?").to_owned()
}

fn arguments_of(entry: Entry<'_>) -> Value {
    entry.0.data.get("arguments").cloned().unwrap_or(Value::Null)
}

fn head(mark: &str, tool: &str, arguments: &Value, aside: &str, palette: Palette, columns: usize) -> String {
    let taken = 8 + tool.chars().count() + aside.chars().count();
    let about = fitted(&subject(tool, arguments), columns.saturating_sub(taken).max(SUBJECT_MIN));
    let mut line = format!("  {mark} {}", palette.strong(&fitted(tool, 40)));
    for part in [about, palette.dim(aside)].iter().filter(|part| !part.is_empty()) {
        line.push_str("  ");
        line.push_str(part);
    }
    line
}

/// The first lines of a text, and how many more there are.
fn excerpt(
    text: &str,
    most: usize,
    columns: usize,
    paint: &dyn Fn(&str) -> String,
    palette: Palette,
) -> Vec<String> {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    // One line more takes no more room than saying that there is one.
    let shown = if lines.len() == most + 1 { lines.len() } else { lines.len().min(most) };
    let bar = palette.dim("│");
    let mut rows: Vec<String> =
        lines[..shown].iter().map(|line| format!("    {bar} {}", paint(&fitted(line, columns)))).collect();
    if lines.len() > shown {
        rows.push(format!(
            "    {}",
            palette.dim(&format!("… {}", count((lines.len() - shown) as u64, "more line")))
        ));
    }
    rows
}
