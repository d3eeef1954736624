//! Sessions as they are stored: conversations, their turns, and messages that wait.

use mainspring_types::{RunId, SessionId, Timestamp};

/// A conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// Its id.
    pub session: SessionId,
    /// The agent that it is held with.
    pub agent: String,
    /// The beginning of its first message.
    pub title: Option<String>,
    /// The session and turn it was forked from.
    pub forked: Option<(SessionId, u32)>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its last turn was concluded.
    pub changed_at: Timestamp,
}

/// A run's part in a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conversation {
    /// The session.
    pub session: SessionId,
    /// Whether the run waits for a further message after each turn.
    pub waits: bool,
    /// Whether it is about to end, having taken up every message: another would not be heard.
    pub over: bool,
    /// The last turn that a person broke off; 0 when there is none. Nothing new is begun in it.
    pub interrupted: u32,
}

impl Conversation {
    /// A run's part in a session that has just been begun.
    pub const fn new(session: SessionId, waits: bool) -> Self {
        Self { session, waits, over: false, interrupted: 0 }
    }
}

/// A concluded turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnRow {
    /// Its number, from 1.
    pub turn: u32,
    /// The run that made it.
    pub run: RunId,
    /// When it was concluded.
    pub at: Timestamp,
    /// What the agent said at its end.
    pub text: String,
    /// Whether `body` is compressed.
    pub packed: bool,
    /// Its messages, a JSON list.
    pub body: Vec<u8>,
}

/// A message to a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InboxRow {
    /// Its number within the run, from 1.
    pub message: u64,
    /// Who sent it.
    pub sender: String,
    /// When.
    pub at: Timestamp,
    /// The parts of the message, a JSON list.
    pub parts: String,
    /// The turn that took it up.
    pub turn: Option<u32>,
}
