//! Decides what becomes of a tool call: from the assistant's grants, its capabilities and the rules of every layer.
//!
//! Nothing is allowed that is not granted. A call of several commands is judged by the strictest; what cannot be read
//! is judged as the worst it could be. Paths are judged by their text: a tool that follows links keeps its own watch.

mod glob;
mod pattern;

use crate::assistant::{Assistant, EffectClass, Verdict};

pub use glob::{Glob, ParseGlobError};
pub use pattern::{ParsePatternError, Pattern};

/// What one assistant may do.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    assistant: &'a Assistant,
}

/// What becomes of one call, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ruling {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, as the model and the record are told.
    pub why: String,
    /// The line that decided, with where it came from; `None` when no line speaks of the call.
    pub rule: Option<String>,
    /// What the call may do to the world.
    pub class: EffectClass,
    /// Whether a tool of this name is granted.
    pub known: bool,
}
