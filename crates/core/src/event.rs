//! What has happened to a run: the events, as they are stored for ever.
//!
//! An event holds digests, never bodies: the bodies lie beside it in the store, so that erasing one leaves the
//! event as it was. A stored event with a field this version does not know refuses to open.

use mainspring_types::{AgentName, AttemptNo, Digest, Hash, Problem, RequestId, RunId, StepId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{CancelLevel, Plan, TimerId, Trust};

/// The format in which events are written today.
pub const FORMAT: u16 = 1;

/// One thing that happened, as recorded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The format of this record.
    pub v: u16,
    /// The event's place among the lifecycle events of its run, from 0, without gaps.
    pub index: u64,
    /// When it was admitted; never before the event that precedes it.
    pub at: Timestamp,
    /// On whose behalf.
    pub by: Principal,
    /// Which request it answers.
    pub request: RequestId,
    /// What happened.
    pub what: What,
}

/// Who asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// The engine itself: timers, recovery.
    Engine,
    /// A worker, by name.
    Worker(String),
    /// A person or a program with a key, by name.
    User(String),
    /// Another run.
    Run(RunId),
}

impl Principal {
    /// Whether its requests are told apart by their ids alone.
    ///
    /// Those of people and other runs are. Workers and timers are told apart by attempt and state, so that no id a
    /// person chooses can stand in their way.
    pub(crate) const fn repeats_itself(&self) -> bool {
        matches!(self, Self::User(_) | Self::Run(_))
    }
}

/// The kinds of event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// The run exists; its first steps are due.
    Created(Box<Created>),
    /// The first attempt began its work: the run's own time starts to count.
    ClockStarted {},
    /// An attempt ended and said how.
    AttemptEnded {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
        /// How.
        end: AttemptEnd,
        /// What it used.
        #[serde(default, skip_serializing_if = "Used::is_nothing")]
        used: Used,
    },
    /// The worker that held an attempt is gone.
    AttemptLost {
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
        /// What became of the worker.
        loss: Loss,
    },
    /// A timer came due.
    TimerFired {
        /// Which.
        timer: TimerId,
    },
    /// A gate was answered; the answer lies in the store.
    GateAnswered {
        /// Which.
        gate: Hash,
    },
    /// A child run ended; its outcome lies in the store.
    ChildEnded {
        /// Which.
        child: RunId,
    },
    /// What a step waited for in quota or budget is there again.
    Woken {
        /// The step.
        step: StepId,
    },
    /// Nothing more is dispatched.
    Paused {},
    /// Dispatching goes on.
    Resumed {},
    /// Live attempts are to stop what they do and take up what comes next; the run goes on.
    Interrupted {},
    /// The run is to end early.
    CancelRequested {
        /// How hard.
        level: CancelLevel,
        /// Why, in the caller's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// Everything a run carries with it from its beginning.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    /// The run.
    pub run: RunId,
    /// The rules it lives and ends under.
    pub rules: u16,
    /// The agent, by name.
    pub agent: AgentName,
    /// The agent's version: the address of its content.
    pub version: Hash,
    /// What it intends to do.
    pub plan: Plan,
    /// What it was given.
    pub input: Digest,
    /// How far the agent is trusted.
    pub trust: Trust,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The run and step that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<(RunId, StepId)>,
    /// The run and the lifecycle index it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<(RunId, u64)>,
    /// The moment by which it must have ended, whatever happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// One trace over all its attempts: 32 hexadecimal digits.
    pub trace: String,
}

/// How an attempt ended, in its own words.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AttemptEnd {
    /// It did its work.
    Done {
        /// What it made.
        output: Digest,
    },
    /// It could not.
    Failed(Failure),
    /// It waits without a process; the next attempt takes up where it stood.
    Parked(Wait),
    /// It was told to end, or its worker is leaving.
    Aborted {},
}

/// What an attempt used, as its worker measured it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// How long the agent's program ran, in milliseconds.
    pub active_ms: u64,
    /// Processor time of its whole tree, in milliseconds.
    pub cpu_ms: u64,
    /// The most memory it used, in bytes, where it could be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

impl Used {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Why an attempt failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Whether trying again can help.
    pub class: FailureClass,
    /// What happened.
    pub problem: Problem,
}

/// Whether trying again can help.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// It may: the step's retry policy decides.
    Transient,
    /// It cannot: the input or the definition is wrong.
    Permanent,
}

/// What a parked attempt waits for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wait {
    /// A human.
    Gate {
        /// The gate.
        gate: Hash,
        /// When the default action is taken instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// A moment.
    Timer {
        /// Which.
        until: Timestamp,
    },
    /// Another run.
    Child {
        /// Which.
        child: RunId,
    },
    /// The provider's limits.
    Quota {},
    /// A budget to be raised.
    Budget {},
}

/// What became of a worker that no longer answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// It ended together with the server.
    Server,
    /// It fell silent, or its agent's processes were killed from outside, while the server lived.
    Worker,
}
