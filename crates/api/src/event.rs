//! The stream of one run: every entry of its journal, in the order of its sequence number.

use mainspring_types::{StepId, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `event:` of a frame whose data is a problem body: the stream breaks off, and may be asked for again.
pub const PROBLEM: &str = "problem";

/// One entry, as `data:` of a server-sent event whose `id:` is [`EventView::seq`] and whose `event:` is its type.
///
/// Types: `run.created` (with `agent`, `version`, `steps`), `run.clock_started`, `attempt.preparing` (with `stage`,
/// `message`), `attempt.started` (with `isolation`), `log` (with `stream`, `lines`, `dropped`), `progress` (with
/// `fraction`), `attempt.ended` (with `end`: `done failed parked aborted`, and `output`, `problem` or `wait`),
/// `attempt.lost` (with `loss`), `timer.fired`, `gate.answered`, `child.ended`, `step.woken`, `run.paused`,
/// `run.resumed`, `run.cancel_requested`, and one that ends the stream: `run.completed` (with `result`), `run.failed`
/// (with `error`) or `run.cancelled` (with `reason`). What concerns an attempt carries its `step` and `attempt`.
///
/// Of model calls, each with its `effect` and `model`: `effect.intended` (with `route`, `provider`, `occurrence`), then
/// `effect.committed` (with `usage`, `cost`, `stop`), `effect.failed` (with `error`, `retryable`) or `effect.unknown`
/// (with `error`); `effect.retried` when a `try` failed and another follows, `effect.repeated` (with `why`) when a
/// settled call is sent again; `effect.replayed` (with the recorded `state`) and `effect.near` when the answer came from
/// the journal, the second for a request that differs only in dates and random ids. `effect.diverged` (with `expected`,
/// `policy`, `superseded`): the agent asked for something other than what is recorded; `effect.unused` (with `count`): a
/// repeated agent was done without asking for all of it. `budget.warning` (with `scope`,
/// `meter`, `window`, `max`, `limit`): over 90 % of a budget is used.
///
/// Of tool calls, each with its `effect` and `tool`: `tool.intended` (with `arguments`, `position`, `class`, `try`), then
/// `tool.committed` (with `output`, `error`, `ms`), `tool.failed` or `tool.unknown` (with `error`); `tool.replayed` when a
/// repeated attempt got the recorded result; `tool.denied` (with `arguments`, `why`, `rule`) for one that was not made.
/// `gate.opened` (with `gate_id`, `kind`, `tool`, `arguments`, `question`, `deadline`) and `gate.settled` (with `gate_id`,
/// `action`, `by`, `message`); `child.started` (with `run_id`, `agent`); `message.added` (with `message_id`, `text`);
/// `turn.interrupted` (with `turn`, `by`) and, once a worker is told, `run.interrupted`; `turn.ended` (with `turn`,
/// `text`); `remark` (with `kind`, `message`): the runtime says what it did by itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventView {
    /// The sequence number within the run, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// Which kind of entry.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the kind carries.
    #[serde(flatten)]
    pub data: Map<String, Value>,
}

impl EventView {
    /// Whether the stream ends with this entry.
    pub fn is_last(&self) -> bool {
        matches!(self.kind.as_str(), "run.completed" | "run.failed" | "run.cancelled")
    }
}

/// The `event:` of a [`Delta`].
pub const DELTA: &str = "delta";

/// A piece of what a model is just saying, as `data:` of a server-sent event without an `id:`. It is not part of the
/// journal: whoever comes later reads the whole in its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delta {
    /// The step of the run.
    pub step: StepId,
    /// The turn of the conversation.
    pub turn: u32,
    /// Which of the turn's model calls.
    pub call: u32,
    /// What kind of speech.
    pub kind: DeltaKind,
    /// The piece itself; of a tool call the tool's name.
    pub text: String,
}

/// What a model is just saying.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeltaKind {
    /// Its answer.
    Text,
    /// How it comes to its answer.
    Thinking,
    /// It begins a tool call.
    Tool,
    /// It is asked again, since its answer broke off: what was said of this call until now is void. Without text.
    Again,
}
