//! Conversations: what has been said, what waits to be heard, and the wait for what comes next.
//!
//! ```text
//!  begin ──> recall ──> turn ──> conclude ──┬── messages came meanwhile: another turn
//!                        ^                  ├── the same, and the turn was interrupted: by another attempt
//!                    interrupt              │
//!                                           ├── nothing more is waited for: over
//!                                           └── an input gate ── say ──> recall
//! ```
//!
//! A turn is written once, whole, when it is concluded; what was said before is never changed. Whatever waits is a row:
//! a gate for the next message, or a message for the next turn.

mod begin;
mod conclude;
mod interrupt;
mod recall;
mod say;

use mainspring_types::{Hash, Timestamp};
use serde_json::value::RawValue;

pub(crate) use self::say::put;
pub use self::{
    begin::{Beginning, Begun, Unbegun, begin, fork},
    conclude::Turn,
    interrupt::{Uninterrupted, interrupt},
    recall::messages,
    say::{Unheard, done, say},
};
use crate::{Pass, broker::Broker, work};

/// Where a conversation stands.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// The messages of the concluded turns, oldest first.
    pub history: Vec<Box<RawValue>>,
    /// The number of the turn that comes next, from 1.
    pub next_turn: u32,
    /// The messages that the next turn answers, oldest first.
    pub inbox: Vec<Incoming>,
    /// Whether no further message is waited for.
    pub done: bool,
}

/// A message to the agent.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Its number within the run.
    pub id: u64,
    /// Its parts, a JSON list.
    pub parts: String,
}

/// What follows a turn.
#[derive(Clone, Debug)]
pub enum Concluded {
    /// Another turn: these came meanwhile.
    Messages(Vec<Incoming>),
    /// Another turn, by another attempt: this turn was interrupted, and this attempt may yet be told so.
    Next,
    /// Nothing: the conversation is over for this run, which hears nothing that is said from now on.
    Over,
    /// A wait for the next message.
    Gate {
        /// The gate.
        gate: Hash,
        /// When the conversation ends without one.
        deadline: Option<Timestamp>,
    },
    /// The attempt no longer counts.
    Abandon,
}

impl Broker {
    /// Where the conversation of the attempt's run stands; `None` when the attempt no longer counts.
    pub async fn recall(&self, nonce: u64) -> Result<Option<Recalled>, mainspring_store::Fault> {
        let Some((pass, charter)) = self.chartered(nonce) else { return Ok(None) };
        let turns_max = charter.assistant.session.history_turns;
        let standing = work::ask(self.submit(), recall::Recall { pass, turns_max }).await?;
        standing.map(recall::Standing::unpack).transpose()
    }

    /// Writes a turn down and says what follows it; durable once this returns.
    pub async fn conclude(&self, nonce: u64, turn: Turn) -> Result<Concluded, mainspring_store::Fault> {
        let Some((pass, charter)) = self.chartered(nonce) else { return Ok(Concluded::Abandon) };
        let deadline = charter.assistant.session.input_deadline;
        work::ask(self.submit(), conclude::Conclude { pass, turn, deadline, demands: Vec::new() }).await
    }
}

/// Names the gate at which a run waits for what follows a turn.
fn gate_after(pass: &Pass, turn: u32) -> Hash {
    pass.name(&[b"input", &turn.to_be_bytes()])
}
