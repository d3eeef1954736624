//! Effects as they are stored: calls that leave an agent, and their tries.

use mainspring_types::{AttemptNo, EffectId, Hash, StepId, Timestamp};

/// How an effect stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EffectState {
    /// It may have been sent; its owner will say how it ended.
    Intended,
    /// Its answer is recorded, whole.
    Committed,
    /// It failed, and how is recorded as it was delivered.
    Failed,
    /// Its owner is gone; whether it happened is not known.
    Unknown,
    /// Its run ended before it did.
    Abandoned,
}

impl EffectState {
    const ALL: [Self; 5] = [Self::Intended, Self::Committed, Self::Failed, Self::Unknown, Self::Abandoned];

    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Committed => "committed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Abandoned => "abandoned",
        }
    }

    pub(crate) fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What tells one call of a step from another, and where it stands in its conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Which API: `openai.chat`.
    pub route: String,
    /// The hash of the request without what changes from one start of the client to the next.
    pub key: Hash,
    /// The same with dates and random ids masked.
    pub near: Hash,
    /// The conversation up to and including the last answer of the model.
    pub parent: Hash,
    /// The conversation of the call that gave that answer; `None` for the first.
    pub previous: Option<Hash>,
    /// The conversation of this call.
    pub own: Hash,
}

/// An effect to be written.
#[derive(Clone, Debug)]
pub struct NewEffect<'a> {
    /// Its id.
    pub id: EffectId,
    /// The step that makes it.
    pub step: &'a StepId,
    /// The attempt that makes it.
    pub attempt: AttemptNo,
    /// What it is.
    pub identity: &'a Identity,
    /// Which of the calls with this key.
    pub occurrence: u32,
    /// The model that was asked for.
    pub model: &'a str,
    /// Whether it must not be repeated when its outcome is unknown.
    pub irreversible: bool,
    /// Who will settle it.
    pub owner: u128,
    /// The request, as a JSON document that names its messages.
    pub request: &'a str,
    /// When.
    pub at: Timestamp,
}

/// A try to be written, and what is set aside for it.
#[derive(Clone, Debug)]
pub struct NewTry<'a> {
    /// The effect.
    pub effect: EffectId,
    /// Its number, from 1.
    pub number: u32,
    /// The agent on whose account it is.
    pub agent: &'a str,
    /// The provider it is sent to.
    pub provider: &'a str,
    /// What it may cost at most.
    pub held: Charge,
    /// When.
    pub at: Timestamp,
}

/// Tokens and money.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Charge {
    /// Tokens of every kind.
    pub tokens: u64,
    /// Money, in billionths of a dollar.
    pub cost: u64,
}

/// Tokens of one call, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tokens {
    /// Sent, and neither read from a cache nor written to one.
    pub input: u64,
    /// Received.
    pub output: u64,
    /// Sent, and cached by the provider before.
    pub cache_read: u64,
    /// Sent, and put into the provider's cache.
    pub cache_creation: u64,
}

/// How a try ended.
#[derive(Clone, Debug)]
pub struct TryEnd<'a> {
    /// The effect.
    pub effect: EffectId,
    /// The try.
    pub number: u32,
    /// How it ended.
    pub state: EffectState,
    /// What it used.
    pub tokens: Tokens,
    /// What that cost, in billionths of a dollar.
    pub cost: u64,
    /// The provider's id of the answer.
    pub response: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

/// How an effect is settled.
#[derive(Clone, Debug)]
pub struct Settlement<'a> {
    /// The effect.
    pub effect: EffectId,
    /// Who settles it; nobody else may.
    pub owner: u128,
    /// How it ended.
    pub state: EffectState,
    /// Whether another try may help, or is known to be the first that takes place.
    pub retryable: bool,
    /// The answer's head, as a JSON document.
    pub answer: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

/// What an attempt has to do with an effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mine {
    /// Nothing yet.
    No,
    /// It made it, or was given it; `delivered` when it got all of it.
    Yes {
        /// Whether it got all of it.
        delivered: bool,
        /// Whether it went on in the same conversation, having seen the answer.
        continued: bool,
    },
}

/// An effect as a request with its key is compared with it.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own, and none implies another")]
pub struct Candidate {
    /// Its id.
    pub id: EffectId,
    /// The attempt that made it.
    pub attempt: AttemptNo,
    /// Which of the calls with this key.
    pub occurrence: u32,
    /// How it stands.
    pub state: EffectState,
    /// Whether another try may help, or is known to be the first that takes place.
    pub retryable: bool,
    /// Whether it must not be repeated when its outcome is unknown.
    pub irreversible: bool,
    /// Whether it belongs to a conversation that went another way.
    pub superseded: bool,
    /// How many tries it had.
    pub tries: u32,
    /// Who settles it.
    pub owner: u128,
    /// What the asking attempt has to do with it.
    pub mine: Mine,
    /// Whether the attempt that made it went on in the same conversation afterwards.
    pub continued: bool,
}

/// What an effect calls, and how its last try stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Called {
    /// The model or the tool, by name.
    pub name: String,
    /// How it stands.
    pub state: EffectState,
    /// Who settles it.
    pub owner: u128,
    /// How many tries it had.
    pub tries: u32,
    /// Whether it is recorded what the agent was told of it.
    pub told: bool,
}

/// An effect of an earlier attempt that the asking attempt was not given.
#[derive(Clone, PartialEq, Debug)]
pub struct Unconsumed {
    /// Its id.
    pub id: EffectId,
    /// What it is.
    pub identity: Identity,
    /// How it stands.
    pub state: EffectState,
    /// Whether it must not be repeated.
    pub irreversible: bool,
}

/// A recorded answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Recorded {
    /// Its head, as a JSON document; `None` when the effect has no answer.
    pub answer: Option<String>,
    /// Its body.
    pub body: Option<StoredBody>,
}

/// A body as it is stored.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredBody {
    /// Whether `bytes`, or the blob, are compressed.
    pub packed: bool,
    /// The size before packing.
    pub size: u64,
    /// The bytes, unless they are a blob.
    pub bytes: Option<Vec<u8>>,
    /// The blob's hash, when they are one.
    pub hash: Option<Hash>,
}

/// An effect as it is listed.
#[derive(Clone, PartialEq, Debug)]
pub struct EffectRow {
    /// Its id.
    pub id: EffectId,
    /// The step that made it.
    pub step: StepId,
    /// The attempt that made it.
    pub attempt: AttemptNo,
    /// Which API.
    pub route: String,
    /// Its key.
    pub key: Hash,
    /// Which of the calls with this key.
    pub occurrence: u32,
    /// The model that was asked for.
    pub model: String,
    /// The provider that was asked last.
    pub provider: String,
    /// How it stands.
    pub state: EffectState,
    /// Whether its conversation went another way.
    pub superseded: bool,
    /// How many tries it had.
    pub tries: u32,
    /// How often it was answered from the journal.
    pub replays: u32,
    /// What its tries used together.
    pub tokens: Tokens,
    /// What that cost, in billionths of a dollar.
    pub cost: u64,
    /// What is still set aside for it.
    pub held: Charge,
    /// The answer's head, as a JSON document.
    pub answer: Option<String>,
    /// When it was intended.
    pub intended_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
}

/// Which account is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AccountKey {
    /// Whose: `tenant`, `agent:NAME` or `run:ID`.
    pub scope: String,
    /// Of what: `tokens`, `cost` or `calls`.
    pub meter: &'static str,
    /// Over what time: `total`, `hour` or `day`.
    pub span: &'static str,
    /// When that time began.
    pub start: Timestamp,
}

/// How an account stands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Balance {
    /// What was spent for good.
    pub settled: u64,
    /// What is set aside for calls that are not settled.
    pub held: u64,
}

/// A limit that a single run was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunLimit {
    /// Of what: `tokens`, `cost` or `calls`.
    pub meter: String,
    /// How much.
    pub most: u64,
    /// What happens at the limit.
    pub policy: String,
}
