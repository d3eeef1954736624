//! The effect journal: what is written before a call leaves, what is written before its answer is seen, and which
//! recorded call a request is.
//!
//! ```text
//!  request ── intend ──┬── replay: the recorded answer
//!                      ├── join: the same call is in flight
//!                      └── send ── try ──┬── committed
//!                           ^            ├── failed ── another try, or delivered as it is
//!                           └────────────┘
//!                                        └── unknown: the gateway died with it
//! ```
//!
//! Decisions are pure ([`decide`], [`stray`]); each is taken inside the writer's transaction that writes what follows
//! from it, so that two askers never get two answers and no budget is spent twice. An intent needs the live attempt
//! and its nonce; a settlement needs only the owner of the try.

mod book;
mod cut;
mod decide;
mod delivered;
mod entries;
mod intend;
mod others;
mod packed;
mod said;
mod settle;
mod stray;

use mainspring_store::RunKey;
use mainspring_types::{AgentName, AttemptNo, Hash, Hasher, RunId, StepId};

pub(crate) use self::{
    book::Book,
    cut::Cut,
    delivered::Deliveries,
    delivered::Delivery,
    intend::{Begun, Call, Decision, Intent, Register, Repeat, Terms},
    others::{Identify, Leftovers, LimitRun, PinBlob, TakeOver},
    packed::{pack, unpack},
    said::Said,
    settle::{AnotherTry, Bill, GiveUp, Next, Outcome, Settle, Then},
};
use crate::Divergence;

/// An attempt that may call out, and on whose account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pass {
    /// The run.
    pub key: RunKey,
    /// The step.
    pub step: StepId,
    /// The attempt.
    pub attempt: AttemptNo,
    /// The number of the ticket under which a worker has it.
    pub nonce: u64,
    /// The agent.
    pub agent: AgentName,
    /// The runs above this one, from the first: what it spends counts against them too.
    pub ancestors: Vec<RunId>,
    /// What happens when the agent leaves the recorded path.
    pub divergence: Divergence,
}

impl Pass {
    /// Names something of the attempt's step: every attempt at it names it the same.
    pub(crate) fn name(&self, fields: &[&[u8]]) -> Hash {
        let mut hasher = Hasher::new();
        hasher.field(self.key.run.to_string().as_bytes());
        hasher.field(self.step.as_str().as_bytes());
        for field in fields {
            hasher.field(field);
        }
        hasher.finish()
    }
}
