//! What the loop is told once, before the first turn: the model, its instructions, its tools and how far it may go.

use serde_json::Value;

use super::{ModelOptions, ToolSpec};

/// All that decides a turn, beside the conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct Brief {
    /// The model as its provider calls it.
    pub model: String,
    /// What the model is told before the conversation.
    pub instructions: String,
    /// How it is to answer.
    pub options: ModelOptions,
    /// The tools it may call, each under its own name.
    pub tools: Vec<ToolSpec>,
    /// How far a turn may go.
    pub bounds: Bounds,
    /// The JSON Schema of the final answer; text when absent.
    pub output: Option<Value>,
    /// How many turns of the past the model sees; all of them when absent.
    pub history_turns: Option<u32>,
}

/// How far a turn may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Model calls of one turn. One more follows, in which the model may only say how far it came.
    pub steps: u32,
    /// Tool calls under way at once.
    pub parallel_tools: u32,
    /// Tokens that fit the model, its answer included.
    pub context_tokens: u64,
    /// Characters of a tool's output that the model sees.
    pub output_chars: u32,
    /// How often the same calls with the same results are let pass before the model is told of it.
    pub repeats: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { steps: 50, parallel_tools: 10, context_tokens: 128_000, output_chars: 30_000, repeats: 3 }
    }
}

impl Brief {
    /// The instructions as they are sent: with the schema of the answer, which not every provider takes beside them.
    pub(super) fn told(&self) -> String {
        let Some(schema) = &self.output else { return self.instructions.clone() };
        let rule = format!(
            "Your final answer is one JSON document that is valid against this JSON Schema, without any text \
             before or after it:\n{schema}"
        );
        if self.instructions.is_empty() { rule } else { format!("{}\n\n{rule}", self.instructions) }
    }
}
