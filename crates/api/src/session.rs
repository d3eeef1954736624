//! Sessions as the API shows them: conversations that turns and runs share.

use mainspring_types::{RunId, SessionId, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A conversation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SessionView {
    /// Its id.
    pub session_id: SessionId,
    /// The agent that it is held with: a path, or a name.
    pub agent: String,
    /// The beginning of its first message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many turns are concluded.
    pub turns: u32,
    /// The run that is live in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_run: Option<RunId>,
    /// The session it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<SessionId>,
    /// After which turn of that session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_at: Option<u32>,
    /// When it was begun.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When its last turn was concluded.
    #[serde(with = "rfc3339")]
    pub changed_at: Timestamp,
}

/// One concluded turn.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TurnView {
    /// Its number within the session, from 1.
    pub turn: u32,
    /// The run that made it.
    pub run_id: RunId,
    /// When it was concluded.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// What the agent said at its end.
    pub text: String,
    /// What was said in it, message by message.
    pub messages: Value,
}

/// `POST /api/v1/sessions`: begin a conversation, empty or with the turns of another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The agent: a path or a name. May be left out for a fork, which keeps the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The session whose turns it begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork_of: Option<SessionId>,
    /// Up to and with which turn; all of them unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
}

/// `GET /api/v1/sessions?...` and `GET /api/v1/sessions/{id}/turns?...`: which page.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSessions {
    /// At most so many, 1 to 200; 50 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `POST /api/v1/runs/{id}/messages` and `POST /api/v1/sessions/{id}/messages`: say something.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddMessage {
    /// What.
    pub text: String,
    /// Images beside it, each `{"media": "image/png", "data": BASE64}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Value>,
}

/// The answer to a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessageAdded {
    /// The run that hears it.
    pub run_id: RunId,
    /// Its number in the run, from 1.
    pub message_id: u64,
}
