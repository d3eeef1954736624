//! What the worker of a conversation and the broker say to each other.

use mainspring_types::{EffectId, Hash, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Ticket;

/// Where a conversation stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recalled {
    /// The messages of the concluded turns, oldest first.
    pub history: Vec<Box<RawValue>>,
    /// The number of the turn that comes next, from 1.
    pub next_turn: u32,
    /// Messages that no turn has taken, oldest first.
    pub inbox: Vec<Incoming>,
    /// Whether no further message is waited for.
    pub done: bool,
}

/// A message to the agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Incoming {
    /// Its number within the run, from 1.
    pub id: u64,
    /// The parts of the message, as a list.
    pub parts: Box<RawValue>,
}

/// Asks whether a tool may be called, and whether it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToolIntent {
    /// The attempt.
    pub ticket: Ticket,
    /// Where the call stands in the conversation: the same call of a repeated attempt stands at the same place.
    pub position: String,
    /// The tool, by the name the model used.
    pub tool: String,
    /// The arguments, an object.
    pub arguments: Box<RawValue>,
    /// What the tool said when it was asked about a try that broke off, and could not tell.
    #[serde(default)]
    pub unsure: Option<String>,
    /// Why the agent has no tool for it, as it is told: the call is written down as denied.
    #[serde(default)]
    pub refused: Option<String>,
}

/// What becomes of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolDecision {
    /// It is made now; that is durable.
    Run {
        /// The call.
        effect: EffectId,
        /// Which try of it, from 1.
        #[serde(rename = "try")]
        number: u32,
        /// What tells the tool a repetition from another call: the same at every try.
        idempotency_key: String,
        /// With what: as the model asked, or as a person changed it.
        arguments: Box<RawValue>,
    },
    /// It was made, or is never made: this is what came of it.
    Recorded {
        /// The call.
        effect: EffectId,
        /// What came of it.
        outcome: ToolOutcome,
    },
    /// A person decides first.
    Gate {
        /// The gate.
        gate: Hash,
        /// When its default is taken.
        deadline: Option<Timestamp>,
    },
    /// Another run works on it.
    Child {
        /// The run.
        child: RunId,
    },
    /// The tool can tell whether an earlier try took place: it is asked first, and settled with what it says.
    Probe {
        /// The call.
        effect: EffectId,
        /// Which try broke off.
        #[serde(rename = "try")]
        number: u32,
        /// The key of that try.
        idempotency_key: String,
        /// Its arguments.
        arguments: Box<RawValue>,
    },
    /// The turn was interrupted: nothing new is begun in it.
    Interrupted {
        /// Whether the call had been begun before, so that nobody knows how far it came.
        begun: bool,
    },
    /// The attempt no longer counts.
    Abandon {},
}

/// What a tool said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolOutcome {
    /// All of it.
    pub text: String,
    /// Whether it is a complaint.
    pub error: bool,
}

/// Says how a call ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToolSettlement {
    /// The attempt.
    pub ticket: Ticket,
    /// The call.
    pub effect: EffectId,
    /// Which try of it.
    #[serde(rename = "try")]
    pub number: u32,
    /// How it ended.
    pub end: ToolEnd,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEnd {
    /// With an answer.
    Returned(ToolOutcome),
    /// Without one, and nothing was changed.
    Failed {
        /// Why.
        message: String,
    },
    /// Nobody knows how far it came.
    Unknown {
        /// What is known.
        message: String,
    },
    /// A probe found that the try that broke off did not take place: it is made again.
    NotDone {},
}

/// The end of a turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conclusion {
    /// The attempt.
    pub ticket: Ticket,
    /// The turn.
    pub turn: u32,
    /// What was said in it, message by message.
    pub messages: Vec<Box<RawValue>>,
    /// What the agent said at its end.
    pub text: String,
}

/// What follows a turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concluded {
    /// Another turn: these came meanwhile.
    Messages(Vec<Incoming>),
    /// Another turn, by another attempt: this turn was interrupted, and this attempt may yet be told so.
    Next {},
    /// Nothing: the conversation is over for this run.
    Over {},
    /// A wait for the next message.
    Gate {
        /// The gate.
        gate: Hash,
        /// When the conversation ends without one.
        deadline: Option<Timestamp>,
    },
    /// The attempt no longer counts.
    Abandon {},
}
