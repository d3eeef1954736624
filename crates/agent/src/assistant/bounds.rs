//! How far a turn, a run and a session may go.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::millis;
use mainspring_types::words;

/// How far one turn may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Model calls of one turn.
    pub steps: u32,
    /// How long one tool call may take.
    #[serde(rename = "tool_timeout_ms", with = "millis")]
    pub tool_timeout: Duration,
    /// Tool calls under way at once.
    pub parallel_tools: u32,
    /// How often a tool call that failed and may be repeated is made again.
    pub tool_retries: u32,
    /// Tokens of history that are sent to the model.
    pub context_tokens: u64,
    /// Characters of a tool's output that the model sees.
    pub output_chars: u32,
    /// How long one turn may take, waits for people not counted.
    #[serde(rename = "turn_timeout_ms", with = "millis")]
    pub turn_timeout: Duration,
    /// How often the same call with the same result is let pass before the turn is ended as stuck.
    pub repeats: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            steps: 50,
            tool_timeout: Duration::from_mins(5),
            parallel_tools: 10,
            tool_retries: 3,
            context_tokens: 128_000,
            output_chars: 30_000,
            turn_timeout: Duration::from_mins(10),
            repeats: 3,
        }
    }
}

/// What a run asks to be held to in its use of models; the server's own budgets hold besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetAsk {
    /// Tokens of every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money, in billionths of a dollar.
    #[serde(rename = "cost_nano_usd", default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// Model calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
}

/// What follows the first answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionPolicy {
    /// Whether the run is over then.
    pub mode: Mode,
    /// How long the next message is waited for; for ever when absent.
    #[serde(
        rename = "input_deadline_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis::optional"
    )]
    pub input_deadline: Option<Duration>,
    /// How many turns of the past the model sees; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_turns: Option<u32>,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self { mode: Mode::OneShot, input_deadline: None, history_turns: None }
    }
}

words! {
    /// What a run does after its answer.
    Mode:
    /// It is over.
    OneShot = "one_shot",
    /// It waits for the next message until it is told that there is none.
    Conversation = "conversation",
}
