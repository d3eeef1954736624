//! Effects as the API shows them: the calls that left a run's agents, each with what it used.

use mainspring_types::{AttemptNo, EffectId, StepId, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};

use crate::run::Usage;

/// One call, whether it was sent, answered from the journal, or both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EffectView {
    /// Its id.
    pub effect_id: EffectId,
    /// The step that made it.
    pub step: StepId,
    /// The attempt that made it first.
    pub attempt: AttemptNo,
    /// Which API: `openai.chat`.
    pub route: String,
    /// The model that was asked for.
    pub model: String,
    /// The provider that was asked last.
    pub provider: String,
    /// The hash of the request, without what differs between two starts of an agent.
    pub key: String,
    /// Which of the step's calls with this key, from 1.
    pub occurrence: u32,
    /// `intended committed failed unknown abandoned`.
    pub state: String,
    /// Whether the agent went another way: it is not served any more.
    pub superseded: bool,
    /// Whether a later attempt was given the recorded answer.
    pub replayed: bool,
    /// How many attempts were.
    pub replays: u32,
    /// How often it was sent.
    pub tries: u32,
    /// What all of that used.
    pub tokens: Usage,
    /// Tokens set aside for it until it is settled.
    pub held_tokens: u64,
    /// What it cost, for people: `$0.0012`.
    pub cost: String,
    /// The same in billionths of a dollar.
    pub cost_nano_usd: u64,
    /// Why the model stopped: `natural length tool other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// When it was written down, before it was sent.
    #[serde(with = "rfc3339")]
    pub intended_at: Timestamp,
    /// When its end was.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub settled_at: Option<Timestamp>,
}

/// `GET /api/v1/runs/{id}/effects?...`: which page of a run's effects.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListEffects {
    /// At most so many, 1 to 200; 50 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
