//! One decision, asked where the agent's work is shown and answered with single keys.
//!
//! ```text
//!  approval:  Choosing ── y ──▶ approve      question: Answering ── a choice's number, or text ──▶ answer
//!             │  │  └──── a ──▶ approve, and calls like it
//!             │  n ▶ Refusing ── Enter ──▶ deny, with a reason or without
//!             e ▶ Editing ── Enter ──▶ approve with other arguments
//! ```
//! Escape goes a step back, and from the first step leaves the gate open.

use mainspring_api::gate::{Action, AnswerGate, GateDefault, GateKind, GateView};
use mainspring_types::{GateId, Timestamp};
use serde_json::Value;

use crate::{
    output::{Cursor, Palette, Tone, count, fitted, time, width_of},
    render,
    terminal::{Key, Line, Pressed},
};

/// How many lines of a call's arguments are shown.
const ARGUMENTS_MAX: usize = 8;

/// What the person wants done.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Act {
    /// Answer the gate.
    Answer(GateId, AnswerGate),
    /// Leave it open.
    Later(GateId),
}

/// A gate before the person who decides.
pub(crate) struct Ask {
    gate: GateView,
    stage: Stage,
}

enum Stage {
    /// A key decides.
    Choosing,
    /// The reason of a denial is typed.
    Refusing(Line),
    /// The arguments are changed: one field of them as text, or all of them as JSON.
    Editing { field: Option<String>, line: Line, wrong: Option<String> },
    /// The answer is typed.
    Answering(Line),
}

impl Ask {
    /// Asks about an open gate.
    pub(crate) fn new(gate: GateView) -> Self {
        let stage = match gate.kind {
            GateKind::Approval | GateKind::Unknown => Stage::Choosing,
            GateKind::Question | GateKind::Input => Stage::Answering(Line::default()),
        };
        Self { gate, stage }
    }

    /// What is asked about.
    pub(crate) fn gate(&self) -> GateId {
        self.gate.gate_id
    }

    /// Takes in a key; says what is to be done once it is decided. A key that decides nothing is given back.
    pub(crate) fn press(&mut self, key: Key) -> Result<Option<Act>, Key> {
        if matches!(self.stage, Stage::Choosing) {
            return self.choose(key);
        }
        if let (Stage::Answering(line), Key::Char(digit)) = (&self.stage, &key)
            && line.is_empty()
            && let Some(choice) = chosen(&self.gate.choices, *digit)
        {
            return Ok(Some(self.answer(Action::Answer, Some(choice))));
        }
        Ok(self.write(key))
    }

    /// A key for the line that is being typed.
    fn write(&mut self, key: Key) -> Option<Act> {
        let (Stage::Refusing(line) | Stage::Answering(line) | Stage::Editing { line, .. }) = &mut self.stage
        else {
            return None;
        };
        let text = match line.press(key) {
            Pressed::Done(text) => text,
            Pressed::Left | Pressed::Ended => return self.back(),
            Pressed::Edited => return None,
        };
        match self.stage {
            Stage::Refusing(_) => Some(self.answer(Action::Deny, Some(text))),
            Stage::Editing { .. } => self.edited(&text),
            Stage::Answering(_) if text.trim().is_empty() => None,
            Stage::Answering(_) | Stage::Choosing => Some(self.answer(Action::Answer, Some(text))),
        }
    }

    fn choose(&mut self, key: Key) -> Result<Option<Act>, Key> {
        let letter = match &key {
            Key::Escape => return Ok(Some(Act::Later(self.gate.gate_id))),
            Key::Char(letter) => letter.to_ascii_lowercase(),
            _ => return Err(key),
        };
        match (self.gate.kind, letter) {
            (GateKind::Unknown, 'm') | (GateKind::Approval, 'y') => {
                return Ok(Some(self.answer(Action::Approve, None)));
            }
            (GateKind::Unknown, 'f') => return Ok(Some(self.answer(Action::Deny, None))),
            (GateKind::Approval, 'a') if self.gate.shape.is_some() => {
                let remember = AnswerGate { remember: true, ..plain(Action::Approve) };
                return Ok(Some(Act::Answer(self.gate.gate_id, remember)));
            }
            (GateKind::Unknown, 's') => self.stage = Stage::Answering(Line::default()),
            (GateKind::Approval, 'n') => self.stage = Stage::Refusing(Line::default()),
            (GateKind::Approval, 'e') => self.stage = self.editing(),
            _ => return Err(key),
        }
        Ok(None)
    }

    fn go(&mut self, stage: Stage) -> Option<Act> {
        self.stage = stage;
        None
    }

    /// A step back; from the first the gate stays open.
    fn back(&mut self) -> Option<Act> {
        let has_choice = matches!(self.gate.kind, GateKind::Approval | GateKind::Unknown);
        if !has_choice {
            return Some(Act::Later(self.gate.gate_id));
        }
        self.go(Stage::Choosing)
    }

    fn answer(&self, action: Action, message: Option<String>) -> Act {
        let message = message.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Act::Answer(self.gate.gate_id, AnswerGate { message, ..plain(action) })
    }

    /// The field that matters as text, when there is one; else all arguments as JSON.
    fn editing(&self) -> Stage {
        let arguments = self.gate.arguments.clone().unwrap_or(Value::Null);
        let about = render::subject_field(self.gate.tool.as_deref().unwrap_or_default(), &arguments);
        let text = about.map_or_else(|| arguments.to_string(), |(_, text)| text.to_owned());
        Stage::Editing { field: about.map(|(name, _)| name.to_owned()), line: Line::with(&text), wrong: None }
    }

    fn edited(&mut self, text: &str) -> Option<Act> {
        let Stage::Editing { field, line, wrong } = &mut self.stage else { return None };
        let changed = match field {
            Some(field) => {
                let mut arguments = self.gate.arguments.clone().unwrap_or_default();
                arguments[field.as_str()] = Value::String(text.to_owned());
                Ok(arguments)
            }
            None => serde_json::from_str(text).map_err(|error| error.to_string()),
        };
        match changed {
            Ok(arguments @ Value::Object(_)) => {
                let answer = AnswerGate { arguments: Some(arguments), ..plain(Action::Approve) };
                Some(Act::Answer(self.gate.gate_id, answer))
            }
            Ok(_) => self.refuse(text, "the arguments of a tool are a JSON object".to_owned()),
            Err(error) => {
                (*line, *wrong) = (Line::with(text), Some(error));
                None
            }
        }
    }

    fn refuse(&mut self, text: &str, why: String) -> Option<Act> {
        self.go(Stage::Editing { field: None, line: Line::with(text), wrong: Some(why) })
    }
}

fn plain(action: Action) -> AnswerGate {
    AnswerGate { action, arguments: None, message: None, remember: false }
}

fn chosen(choices: &[String], digit: char) -> Option<String> {
    let number = digit.to_digit(10)? as usize;
    choices.get(number.checked_sub(1)?).cloned()
}

/// What it looks like.
impl Ask {
    /// The lines, and where the cursor stands in them.
    pub(crate) fn lines(&self, now: Timestamp, palette: Palette, columns: usize) -> (Vec<String>, Cursor) {
        let mut lines = vec![String::new()];
        lines.extend(self.question(palette, columns));
        let told = |text: String| render::aside(&text, columns.saturating_sub(5), palette);
        lines.extend(self.circumstances(now).flat_map(told).map(|row| format!("    {row}")));
        let (prompt, line) = match &self.stage {
            Stage::Choosing => {
                let keys = self.keys(palette);
                let column = width_of(&keys).min(columns.saturating_sub(1));
                lines.push(keys);
                return (lines.clone(), Cursor { row: lines.len() - 1, column });
            }
            Stage::Refusing(line) => ("  why not (Enter for no reason): ", line),
            Stage::Editing { line, wrong, .. } => {
                lines.extend(wrong.iter().map(|wrong| palette.paint(Tone::Bad, &format!("    {wrong}"))));
                ("  instead: ", line)
            }
            Stage::Answering(line) => ("  answer: ", line),
        };
        let typed = line.typed(prompt, columns);
        let row = lines.len() + typed.row;
        lines.extend(typed.rows);
        (lines, Cursor { row, column: typed.column })
    }

    fn question(&self, palette: Palette, columns: usize) -> Vec<String> {
        let gate = &self.gate;
        let ask = |words: &str| format!("  {}", palette.paint(Tone::Warn, words));
        if let GateKind::Question | GateKind::Input = gate.kind {
            let question = gate.question.as_deref().unwrap_or("What next?");
            let mut lines: Vec<String> =
                question.lines().map(|line| ask(&fitted(line, columns.saturating_sub(3)))).collect();
            let choice = |(number, choice): (usize, &String)| {
                let number = palette.paint(Tone::Active, &number.to_string());
                format!("    {number} {}", fitted(choice, columns.saturating_sub(8)))
            };
            lines.extend((1..).zip(&gate.choices).map(choice));
            return lines;
        }
        let tool = gate.tool.as_deref().unwrap_or("a tool");
        let words = match gate.kind {
            GateKind::Unknown => format!("{tool} broke off, and nobody knows how far it came"),
            _ => format!("Allow {tool}?"),
        };
        [vec![ask(&words)], arguments(gate, palette, columns)].concat()
    }

    /// Why it is asked, and what happens when nobody answers.
    fn circumstances(&self, now: Timestamp) -> impl Iterator<Item = String> {
        let why = self.gate.why.clone();
        let deadline = self.gate.deadline.map(|deadline| {
            let then = match self.gate.fallback {
                Some(GateDefault::Approve) => "it is allowed",
                Some(GateDefault::End) => "the conversation ends",
                Some(GateDefault::Deny) | None => "it is denied",
            };
            format!("without an answer {then} in {}", time(deadline.since(now)))
        });
        why.into_iter().chain(deadline)
    }

    fn keys(&self, palette: Palette) -> String {
        let key = |text: &str| {
            let (letter, rest) = text.split_at(1);
            format!("[{}]{rest}", palette.paint(Tone::Active, letter))
        };
        let always = self.gate.shape.as_ref().map(|shape| format!("{} ({shape})", key("always like this")));
        let keys: Vec<String> = match self.gate.kind {
            GateKind::Unknown => {
                vec![key("make it again"), key("say what it returned"), key("failed: leave it so")]
            }
            _ => [key("yes"), key("no")].into_iter().chain(always).chain([key("edit")]).collect(),
        };
        format!("  {}  {} ", keys.join("  "), palette.dim("esc later"))
    }
}

/// The argument that matters, and the others below it.
fn arguments(gate: &GateView, palette: Palette, columns: usize) -> Vec<String> {
    let (tool, none) = (gate.tool.as_deref().unwrap_or_default(), Value::Null);
    let arguments = gate.arguments.as_ref().unwrap_or(&none);
    let about = render::subject_field(tool, arguments);
    let room = columns.saturating_sub(5);
    let mut lines: Vec<String> = about.iter().flat_map(|(_, text)| text.lines()).map(str::to_owned).collect();
    let fields = arguments.as_object().into_iter().flatten();
    for (name, value) in fields.filter(|(name, _)| about.is_none_or(|(field, _)| field != name.as_str())) {
        match value {
            Value::String(text) if text.contains('\n') => {
                lines.push(format!("{name}:"));
                lines.extend(text.lines().map(|line| format!("  {line}")));
            }
            Value::String(text) => lines.push(format!("{name}: {text}")),
            other => lines.push(format!("{name}: {other}")),
        }
    }
    let more = lines.len().saturating_sub(ARGUMENTS_MAX);
    let strong = about.map_or(0, |(_, text)| text.lines().count());
    let shown = lines.iter().take(ARGUMENTS_MAX).enumerate().map(|(index, line)| {
        let line = fitted(line, room);
        format!("    {}", if index < strong { palette.strong(&line) } else { palette.dim(&line) })
    });
    let rest = (more > 0).then(|| palette.dim(&format!("    … {}", count(more as u64, "more line"))));
    shown.chain(rest).collect()
}

#[cfg(test)]
mod tests;
