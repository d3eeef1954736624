//! An answer while it is read: pieces that grow, and what is known of its end.

use std::{collections::BTreeSet, mem};

use serde_json::Value;

use super::arguments;
use crate::default::{Broken, Delta, ModelAnswer, Part, Stop, TokenUsage};

/// What has come of an answer.
#[derive(Default, Debug)]
pub(super) struct Draft {
    /// The provider's id of the answer; empty when it gave none.
    pub(super) id: String,
    /// What the provider said last that the answer used.
    pub(super) usage: TokenUsage,
    /// Why the model stopped.
    pub(super) stop: Option<Stop>,
    /// Whether the mark has come without which an answer is cut.
    pub(super) is_ended: bool,
    pieces: Vec<Piece>,
    deltas: Vec<Delta>,
}

/// A part while it grows.
#[derive(Debug)]
struct Piece {
    kind: Kind,
    /// What was said or thought; of a call, its arguments as written.
    text: String,
    /// What the provider wants back with it.
    opaque: Option<Value>,
}

/// What a piece will be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Thinking,
    /// A call of the tool `name`; the id is empty where the provider gave none.
    Call {
        id: String,
        name: String,
    },
}

impl Draft {
    /// Begins a piece and gives its place.
    pub(super) fn begin(&mut self, kind: Kind, opaque: Option<Value>) -> usize {
        self.pieces.push(Piece { kind, text: String::new(), opaque });
        let at = self.pieces.len() - 1;
        if let Kind::Call { .. } = self.pieces[at].kind {
            self.note(at, String::new());
        }
        at
    }

    /// Adds text to the piece at this place.
    pub(super) fn grow(&mut self, at: usize, text: &str) {
        if !text.is_empty() {
            self.pieces[at].text.push_str(text);
            self.note(at, text.to_owned());
        }
    }

    /// Adds text to the last piece, or begins another when the last one is of another kind or mark.
    pub(super) fn flow(&mut self, kind: Kind, opaque: Option<Value>, text: &str) {
        if text.is_empty() {
            return;
        }
        let fits = |last: &Piece| last.kind == kind && last.opaque == opaque;
        let at = match self.pieces.last() {
            Some(last) if fits(last) => self.pieces.len() - 1,
            _ => self.begin(kind, opaque),
        };
        self.grow(at, text);
    }

    /// Marks the piece at this place.
    pub(super) fn mark(&mut self, at: usize, opaque: Option<Value>) {
        self.pieces[at].opaque = opaque;
    }

    /// What the piece at this place will be.
    pub(super) fn kind(&self, at: usize) -> &Kind {
        &self.pieces[at].kind
    }

    /// What may be watched of what came since this was last asked.
    pub(super) fn take_deltas(&mut self) -> Vec<Delta> {
        mem::take(&mut self.deltas)
    }

    fn note(&mut self, at: usize, text: String) {
        self.deltas.push(match &self.pieces[at].kind {
            Kind::Text => Delta::Text { text },
            Kind::Thinking => Delta::Thinking { text },
            Kind::Call { name, .. } => Delta::ToolUse { name: name.clone(), arguments: text },
        });
    }

    /// The whole answer.
    pub(super) fn finish(self) -> Result<ModelAnswer, Broken> {
        if !self.is_ended {
            return Err(Broken::Truncated);
        }
        let mut ids = Ids { answer: &self.id, given: BTreeSet::new() };
        let mut parts = Vec::new();
        for piece in self.pieces {
            parts.extend(piece.into_part(&mut ids)?);
        }
        let calls = parts.iter().any(|part| matches!(part, Part::ToolUse { .. }));
        let stop = match self.stop {
            // Some providers have one word for both, and some servers say it of calls that they forgot to send.
            Some(Stop::End) if calls => Stop::Tools,
            Some(Stop::Tools) if !calls => Stop::Other,
            stop => stop.unwrap_or(Stop::Other),
        };
        Ok(ModelAnswer { parts, stop, usage: self.usage })
    }
}

impl Piece {
    /// The part it has become; `None` when nothing is in it.
    fn into_part(self, ids: &mut Ids<'_>) -> Result<Option<Part>, Broken> {
        let Self { kind, text, opaque } = self;
        Ok(match kind {
            Kind::Text | Kind::Thinking if text.is_empty() && opaque.is_none() => None,
            Kind::Text => Some(Part::Text { text, opaque }),
            Kind::Thinking => Some(Part::Thinking { text, opaque }),
            Kind::Call { name, .. } if name.is_empty() => {
                return Err(Broken::Malformed { message: "a tool call names no tool".to_owned() });
            }
            Kind::Call { id, name } => {
                Some(Part::ToolUse { id: ids.next(id), name, arguments: arguments::read(&text), opaque })
            }
        })
    }
}

/// The ids of the calls of one answer.
struct Ids<'a> {
    answer: &'a str,
    given: BTreeSet<String>,
}

impl Ids<'_> {
    /// The provider's id. Where there is none, or another call has it, one that follows from the answer's id and the
    /// call's place.
    fn next(&mut self, id: String) -> String {
        let id = if id.is_empty() || self.given.contains(&id) { self.made() } else { id };
        self.given.insert(id.clone());
        id
    }

    fn made(&self) -> String {
        // OpenAI takes ids of at most 40 characters, and Anthropic only letters, digits, `_` and `-`.
        const ANSWER_MAX: usize = 28;
        let answer: String =
            self.answer.chars().filter(char::is_ascii_alphanumeric).take(ANSWER_MAX).collect();
        format!("call_{answer}_{}", self.given.len())
    }
}
