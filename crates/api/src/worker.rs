//! What a worker and the control plane say to each other.
//!
//! A worker opens no store: it claims attempts, is told through its heartbeat to go on or to end, and reports. Each
//! message names the attempt by its token; one of an attempt that no longer counts is answered with `abandon`.
//! Unknown fields are ignored on both sides, so that a worker of another version can be spoken to.
//!
//! ```text
//!  claim(slots) -> tasks        heartbeat(token) -> go on | cancel(level) | abandon
//!  progress(items) -> ()        report(token, end) -> recorded | abandon
//! ```
//!
//! The worker of a conversation asks before each tool call and tells how it ended; the broker behind the line decides
//! and writes down:
//!
//! ```text
//!  recall -> history, messages
//!  intend(tool, arguments) -> run | recorded | gate | child | probe | interrupted | abandon
//!  settle(effect, end) -> recorded | abandon
//!  conclude(turn) -> messages | next | over | gate | abandon
//! ```

use std::{collections::BTreeMap, fmt, path::PathBuf};

use mainspring_types::{AttemptNo, Hash, Problem, RunId, StepId, TenantId, Timestamp, Value};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{event::DeltaKind, run::Level};

mod converse;

pub use converse::{
    Concluded, Conclusion, Incoming, Recalled, ToolDecision, ToolEnd, ToolIntent, ToolOutcome, ToolSettlement,
};

/// Asks for attempts to work on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// The worker, by a name that is its own.
    pub worker: String,
    /// How many attempts it can take now.
    pub slots: u32,
    /// How long to wait for the first, in milliseconds.
    pub wait_ms: u64,
}

/// Names one attempt, and proves that the speaker holds it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// The tenant.
    pub tenant: TenantId,
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: StepId,
    /// The attempt.
    pub attempt: AttemptNo,
    /// A random number given out with the claim.
    pub nonce: u64,
}

/// One attempt to work on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Names the attempt in everything the worker says about it.
    pub ticket: Ticket,
    /// The version whose snapshot to run from.
    pub version: Hash,
    /// What to do, as the agent's definition says it.
    pub work: Box<RawValue>,
    /// What the run was given.
    pub input: Value,
    /// What the step before made.
    pub previous: Option<Value>,
    /// Whether install commands of any form may run.
    pub allow_install: bool,
    /// Where the agent makes its model calls; `None` where nothing passes them on.
    #[serde(default)]
    pub boundary: Option<Boundary>,
}

/// Where one attempt makes its model calls, and what proves that they are its own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// The gateway's address without a path, such as `http://127.0.0.1:PORT`.
    pub url: String,
    /// The gateway's socket, for agents without a network.
    pub socket: Option<PathBuf>,
    /// What the agent shows in place of a provider's key. It counts as long as the attempt lives.
    pub token: String,
    /// The kinds of provider that calls are passed on to: `anthropic`, `openai`, `gemini`.
    pub families: Vec<String>,
    /// The model that the agent is told to use, if it asks its environment.
    #[serde(default)]
    pub model: Option<String>,
    /// The providers by name, each with its kind.
    #[serde(default)]
    pub providers: BTreeMap<String, String>,
}

impl fmt::Debug for Boundary {
    /// All but the token, which belongs in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, socket, token: _, families, model, providers } = self;
        let mut shown = f.debug_struct("Boundary");
        shown
            .field("url", url)
            .field("socket", socket)
            .field("families", families)
            .field("model", model)
            .field("providers", providers)
            .finish_non_exhaustive()
    }
}

/// Says that the worker still works on an attempt, and asks whether it should.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The attempt.
    pub ticket: Ticket,
    /// How long to wait for an order other than the one that is known, in milliseconds.
    pub wait_ms: u64,
    /// Whether the worker knows that the attempt is held; otherwise it thinks that it goes on.
    #[serde(default)]
    pub held: bool,
}

/// What a worker is to do with its attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Go on.
    Continue,
    /// A call of it is held open, for a budget or a provider's limits: its process is kept, its time does not count and
    /// its slot is free until it is told to go on.
    Hold,
    /// End it, so hard, and report.
    Cancel(Level),
    /// End it at once; nothing it says counts any more.
    Abandon,
}

/// Something to note about an attempt; never waited for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// The attempt.
    pub ticket: Ticket,
    /// What.
    pub note: Note,
}

/// The kinds of note.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The environment is being built.
    Preparing {
        /// Which part of the building.
        stage: String,
        /// What is being done.
        message: String,
    },
    /// The agent's program runs.
    Started {
        /// The isolation it really has.
        isolation: serde_json::Value,
    },
    /// Lines the agent wrote.
    Log {
        /// `stdout` or `stderr`.
        stream: String,
        /// The lines, without their ends.
        lines: Vec<String>,
        /// How many lines were left out since the note before.
        dropped: u64,
    },
    /// A piece of what a model is just saying. It goes to those who watch, and not into the journal.
    Delta {
        /// The turn of the conversation.
        turn: u32,
        /// Which of the turn's model calls.
        call: u32,
        /// What kind of speech.
        kind: DeltaKind,
        /// The piece; of a tool call the tool's name.
        text: String,
    },
    /// The runtime did something by itself that a person should know.
    Remark {
        /// What kind, in one word.
        kind: String,
        /// What.
        message: String,
    },
    /// How far the agent says it is, from 0 to 1.
    Fraction {
        /// How far.
        fraction: f64,
        /// With what words.
        message: Option<String>,
    },
}

/// Says how an attempt ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The attempt.
    pub ticket: Ticket,
    /// How it ended.
    pub end: End,
    /// What it used.
    #[serde(default)]
    pub used: Used,
}

/// How an attempt ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It did its work.
    Done {
        /// What it made.
        output: Value,
    },
    /// It could not.
    Failed {
        /// Whether trying again can help.
        retryable: bool,
        /// What happened.
        problem: Problem,
    },
    /// It waits without a process: nothing of it is under way but what it waits for.
    Parked {
        /// For what.
        wait: Wait,
    },
    /// It ended because it was told to, or because the worker is leaving.
    Aborted {},
    /// Something else on the machine killed its processes: nobody's failure, so it is handed out again as it is.
    Lost {},
}

/// What a parked attempt waits for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// A person.
    Gate {
        /// The gate.
        gate: Hash,
        /// When its default is taken.
        deadline: Option<Timestamp>,
    },
    /// A run that it started.
    Child {
        /// Which.
        child: RunId,
    },
}

/// What an attempt used.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Used {
    /// How long the agent's program ran, in milliseconds.
    pub active_ms: u64,
    /// Processor time of its whole tree, in milliseconds.
    pub cpu_ms: u64,
    /// The most memory it used, in bytes, where it could be measured.
    pub peak_memory: Option<u64>,
}

/// The answer to a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// It is durable.
    Recorded,
    /// The attempt no longer counts; nothing was written.
    Abandon,
}

/// One message from a worker to the control plane.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Answered with a list of [`Task`].
    Claim(Claim),
    /// Answered with an [`Order`].
    Heartbeat(Heartbeat),
    /// Answered with `null`.
    Progress(Vec<Progress>),
    /// Answered with a [`Receipt`], once the end of the attempt is durable.
    Report(Box<Report>),
    /// Answered with a [`Recalled`].
    Recall(Ticket),
    /// Answered with a [`ToolDecision`], once the intent is durable.
    Intend(Box<ToolIntent>),
    /// Answered with a [`Receipt`], once the end of the call is durable.
    Settle(Box<ToolSettlement>),
    /// Answered with a [`Concluded`], once the turn is durable.
    Conclude(Box<Conclusion>),
}

/// The line between a worker and the control plane: in-process when embedded, over HTTP when remote.
///
/// Messages are JSON on every line, so that what works in one process works between two.
pub trait Line: Send + Sync + 'static {
    /// Carries one [`Call`] there and its answer back. An error means the control plane could not be asked: the
    /// caller waits and asks again.
    fn call(&self, call: Vec<u8>) -> Answer<'_>;
}

/// A message as it travels.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    // Most messages carry a small value: one piece of memory is enough for them.
    let mut bytes = Vec::with_capacity(2048);
    serde_json::to_writer(&mut bytes, message).expect("the protocol's messages are plain data");
    bytes
}

/// The answer to a call, once it is there.
pub type Answer<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Vec<u8>, Problem>> + Send + 'a>>;
