//! What the run's journal says of tool calls and gates: one line for each thing that became of one.

use mainspring_agent::EffectClass;
use mainspring_store::{EntryKind, Fault, GateRow, Ledger as _, NewEntry, Pen, RunKey};
use mainspring_types::{EffectId, GateId, RunId, StepId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Pass;

/// How much of an argument or an output a line shows.
const SHOWN_MAX: usize = 2_000;

/// What the record keeps of an answer beside its text.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Head {
    /// Whether the text is a complaint.
    pub(super) error: bool,
    /// How long the call took.
    pub(super) ms: u64,
    /// Whether nobody knows how far it came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unknown: bool,
}

impl Head {
    pub(super) fn read(document: &str) -> Result<Self, Fault> {
        serde_json::from_str(document)
            .map_err(|error| Fault::Corrupt { detail: format!("the head of a tool's answer: {error}") })
    }

    pub(super) fn document(self) -> String {
        serde_json::to_string(&self).expect("a head is plain data")
    }

    /// What the agent is told, given what was recorded beside this.
    pub(super) fn told(self, text: String) -> String {
        if !self.unknown {
            return text;
        }
        format!("{text}; nobody knows whether the call took effect, so look before you make it again")
    }
}

/// Appends a line about an attempt to its run's journal; says its number.
pub(crate) fn append(
    pen: &mut Pen<'_>,
    pass: &Pass,
    at: Timestamp,
    mut line: Value,
) -> Result<(RunKey, u64), Fault> {
    line["attempt"] = json!(pass.attempt);
    append_of(pen, &pass.key, &pass.step, at, line)
}

/// Appends a line about a step to its run's journal; says its number.
pub(crate) fn append_of(
    pen: &mut Pen<'_>,
    key: &RunKey,
    step: &StepId,
    at: Timestamp,
    mut line: Value,
) -> Result<(RunKey, u64), Fault> {
    line["step"] = json!(step);
    append_to(pen, key, at, &line)
}

/// Appends a line about a run as a whole to its journal; says its number.
pub(crate) fn append_to(
    pen: &mut Pen<'_>,
    key: &RunKey,
    at: Timestamp,
    line: &Value,
) -> Result<(RunKey, u64), Fault> {
    let envelope = line.to_string();
    let seq =
        pen.append(key, NewEntry { kind: EntryKind::Effect, at, envelope: &envelope, payload: None })?;
    Ok((key.clone(), seq))
}

/// One call, as lines name it.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) effect: EffectId,
    pub(super) tool: &'a str,
}

impl Named<'_> {
    fn line(self, kind: &str) -> Value {
        json!({ "type": kind, "effect": self.effect, "tool": self.tool })
    }

    pub(super) fn intended(
        self,
        (arguments, position): (&str, &str),
        class: EffectClass,
        number: u32,
    ) -> Value {
        let mut line = self.line("tool.intended");
        line["arguments"] = shown(arguments);
        line["position"] = json!(position);
        line["class"] = json!(class);
        line["try"] = json!(number);
        line
    }

    pub(super) fn replayed(self) -> Value {
        self.line("tool.replayed")
    }

    pub(super) fn committed(self, text: &str, error: bool, ms: u64) -> Value {
        let mut line = self.line("tool.committed");
        line["output"] = json!(preview(text, SHOWN_MAX));
        line["error"] = json!(error);
        line["ms"] = json!(ms);
        line
    }

    pub(super) fn failed(self, message: &str) -> Value {
        let mut line = self.line("tool.failed");
        line["error"] = json!(preview(message, SHOWN_MAX));
        line
    }

    pub(super) fn unknown(self, message: &str) -> Value {
        let mut line = self.line("tool.unknown");
        line["error"] = json!(preview(message, SHOWN_MAX));
        line
    }

    pub(super) fn denied(self, arguments: &str, why: &str, rule: Option<&str>) -> Value {
        let mut line = self.line("tool.denied");
        line["arguments"] = shown(arguments);
        line["why"] = json!(why);
        line["rule"] = json!(rule);
        line
    }

    pub(super) fn child(self, run: RunId, agent: &str) -> Value {
        let mut line = self.line("child.started");
        line["run_id"] = json!(run);
        line["agent"] = json!(agent);
        line
    }
}

/// A person is asked.
pub(crate) fn opened(gate: &GateRow) -> Value {
    json!({
        "type": "gate.opened", "gate_id": gate.id(), "kind": gate.kind, "tool": gate.tool,
        "arguments": gate.arguments.as_deref().map(shown), "question": gate.question, "why": gate.why,
        "shape": gate.shape, "deadline": gate.deadline.map(|at| at.to_string()),
    })
}

/// The answer that counts.
pub(crate) fn settled(gate: GateId, action: &str, by: &str, message: Option<&str>) -> Value {
    json!({ "type": "gate.settled", "gate_id": gate, "action": action, "by": by, "message": message })
}

/// Arguments as a line shows them: whole when they are short, else the beginning of their text.
fn shown(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(value) if arguments.len() <= SHOWN_MAX => value,
        _ => json!(preview(arguments, SHOWN_MAX)),
    }
}

/// The beginning of a text, for lists and lines.
pub(crate) fn preview(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
