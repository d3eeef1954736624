//! Runs as the API shows them.

use std::collections::BTreeMap;

use mainspring_types::{EffectId, Problem, RunId, SessionId, StepId, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limit::{BudgetView, Dollars};

/// `POST /api/v1/runs`: start a run.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRun {
    /// A path (it holds `/` or begins with `.`) or a name, with `@VERSION` when one is wanted.
    pub agent: String,
    /// The method of a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The input: an object of parameters for a method, any JSON otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// How long the run may take, such as `30s`, from its first dispatch; building its environment not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// Whether install commands of any form may run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_install: bool,
    /// How many tokens its model calls may use; at the limit they wait until it is raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// How much money they may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Dollars>,
    /// How many calls it may send to a provider, each try for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<u64>,
    /// The conversation it goes on with; its first message is the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Whether it waits for further messages after each turn, in place of what the definition says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<bool>,
    /// A folder that its tools work in, in place of one of its own: an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Rules on tool calls beside those of the definition: `allow`, `ask` or `deny` by pattern. The stricter counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<String, String>,
}

/// How a run stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Accepted; no worker has taken it yet.
    Queued,
    /// An attempt is live.
    Running,
    /// Nothing runs; `waiting` says what is waited for.
    Waiting,
    /// Nothing is dispatched until it is resumed.
    Paused,
    /// Every step is done.
    Completed,
    /// It ended with an error.
    Failed,
    /// It was ended early on request.
    Cancelled,
}

impl RunStatus {
    /// Every status, in the order of a run's life.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing more happens to the run.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// `GET /api/v1/runs/{id}`: a run, whole.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunView {
    /// Its id.
    pub run_id: RunId,
    /// How it stands.
    pub status: RunStatus,
    /// The agent, by name.
    pub agent: String,
    /// The address of the agent's version.
    pub version: String,
    /// The method that was called, for a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What it made, once completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it ended without a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// How long its attempts worked, in seconds; waiting and building environments not counted.
    pub execution_time: f64,
    /// The most memory one of its attempts used, in bytes.
    #[serde(default)]
    pub memory_usage_bytes: Option<u64>,
    /// How many attempts were made, over all steps.
    pub attempts: u32,
    /// Tokens used.
    pub usage: Usage,
    /// How many model calls its agents made, those answered from the journal included.
    #[serde(default)]
    pub model_calls: u64,
    /// How many of them were answered from the journal.
    #[serde(default)]
    pub replayed_calls: u64,
    /// What its model calls cost, for people: `$0.0012`.
    #[serde(default)]
    pub cost: String,
    /// The same in billionths of a dollar.
    #[serde(default)]
    pub cost_nano_usd: u64,
    /// Tokens set aside for calls that are not settled.
    #[serde(default)]
    pub held_tokens: u64,
    /// The limits of this run, and how much of each is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budget: Vec<BudgetView>,
    /// When it was accepted.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub ended_at: Option<Timestamp>,
    /// What it waits for, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Its steps, in the order of the plan.
    pub steps: Vec<StepView>,
    /// The isolation that its latest attempt really had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Value>,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The run that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    /// The folder that its tools work in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// How many tool calls were made, those answered from the journal included.
    #[serde(default)]
    pub tool_calls: u64,
    /// What was ended, once it was asked to end early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptView>,
    /// The sequence number of its latest entry.
    pub last_seq: u64,
}

/// What a cancel ended: complete once the run has ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReceiptView {
    /// How hard it was ended.
    pub level: Level,
    /// When that was asked.
    #[serde(with = "rfc3339")]
    pub requested_at: Timestamp,
    /// When nothing of the run was left.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub ended_at: Option<Timestamp>,
    /// Calls that were under way and are known to have been stopped, or to have done nothing.
    pub stopped: Vec<CutCall>,
    /// How many calls had finished before.
    pub finished: u64,
    /// Calls and steps of which nobody knows how far they came.
    pub unknown: Vec<CutCall>,
    /// The runs it had started and that were ended with it, each with a receipt of its own.
    pub children: Vec<RunId>,
}

/// A call or a step that a cancel met under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CutCall {
    /// The call; none for a whole step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_id: Option<EffectId>,
    /// `model`, `tool` or `step`.
    pub kind: String,
    /// The model, tool or step, by name.
    pub name: String,
}

/// Tokens used by a run's model calls.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// Tokens sent that the provider had cached.
    pub cache_read_tokens: u64,
    /// Tokens sent that the provider put into its cache.
    pub cache_creation_tokens: u64,
    /// All of them.
    pub total_tokens: u64,
}

/// The one reason a run waits, and the way out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// One of `owner slot timer gate child quota budget dependency paused stopping lost`.
    pub reason: String,
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: Timestamp,
    /// What is known about it, in a sentence.
    pub detail: String,
    /// What to do, or what will happen by itself.
    pub way_out: String,
}

/// A step as the API shows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StepView {
    /// Its name.
    pub id: StepId,
    /// `blocked ready live backing_off parked stranded done failed dropped`.
    pub state: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// How many attempts failed.
    pub failures: u32,
    /// Why it is not finished, while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One page of a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// A run in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its id.
    pub run_id: RunId,
    /// How it stands.
    pub status: RunStatus,
    /// The agent, by name.
    pub agent: String,
    /// The method that was called, for a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// When it was accepted.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub ended_at: Option<Timestamp>,
    /// What it waits for, in one word, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `GET /api/v1/runs?...`: which runs to list.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRuns {
    /// Only runs that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// At most so many, 1 to 200; 50 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `POST /api/v1/runs/{id}/cancel`: end a run early. An empty body means `stop`.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelRun {
    /// How hard.
    #[serde(default)]
    pub level: Level,
    /// Why, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How hard a run is ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Of a conversation that goes on: its turn ends with what is recorded of it, also while it waits for a person or a
    /// sub-agent. Of any other run: the agent is asked to stop by its own means, and killed after ten seconds.
    Interrupt,
    /// The agent is told to end, and killed a second later.
    #[default]
    Stop,
    /// The agent is killed.
    Kill,
}

/// `GET /health` and `GET /ready`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Health {
    /// `ok`, or what is wrong.
    pub status: String,
    /// The version of the program that answers.
    pub version: String,
    /// Each part that was asked and what it said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
}
