//! The tool broker: agents' tool calls in, decisions out, everything written down between.
//!
//! ```text
//!  intend ──┬── recorded: what came of it before, or why it is not made
//!           ├── gate: a person decides first         ── answer ──> intend again
//!           ├── child: another run works on it       ── its end ──> intend again
//!           ├── interrupted: the turn was broken off before
//!           ├── probe: the tool is asked whether an earlier try took place
//!           └── run ── the worker makes the call ── settle ──┬── committed
//!                ^                                           ├── failed: nothing was changed
//!                │                                           └── unknown: nobody knows
//!                └── repeatable, or a person says so ────────────────┘
//! ```
//!
//! Decisions are pure (`decide`); each is taken inside the writer's transaction that writes what follows from it. The
//! call itself is made elsewhere, beside the sandbox. A call is known by its place in the conversation, its tool and its
//! arguments, so that a repeated attempt that says the same gets what is recorded.

mod answer;
mod child;
mod decide;
#[cfg(test)]
mod fixture;
mod intend;
pub(crate) mod lines;
mod question;
mod settle;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use mainspring_agent::Assistant;
use mainspring_store::{Fault, Recorded, Submit};
use mainspring_types::{EffectId, Hash, RunId, Timestamp};

pub use mainspring_types::GateAction as Action;

pub(crate) use self::{answer::wake, child::end_all as end_children};
pub use self::{
    answer::{Answer, Unanswered},
    child::limits,
    intend::Wanted,
    settle::{End, Settled},
};
use self::{intend::Intend, settle::Settle};
use crate::{Pass, gateway::Gateway, journal::unpack, work};

/// What the calls of one run are judged by.
#[derive(Debug)]
pub struct Charter {
    /// The agent, with the rules of every layer.
    pub assistant: Assistant,
    /// The step's work as the plan holds it: what a child's is made of.
    pub work: serde_json::Value,
}

/// What becomes of a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    /// It is made now.
    Run(Permit),
    /// It was made, or is never made: this is what came of it.
    Recorded {
        /// The call.
        effect: EffectId,
        /// What the tool said, or why there is nothing it could say.
        text: String,
        /// Whether that is a complaint.
        error: bool,
    },
    /// A person decides first.
    Gate {
        /// The gate.
        gate: Hash,
        /// When its default is taken.
        deadline: Option<Timestamp>,
    },
    /// Another run works on it.
    Child(RunId),
    /// The tool is asked whether that try took place.
    Probe(Permit),
    /// The turn was interrupted: nothing new is begun in it.
    Interrupted {
        /// Whether the call had been begun before, so that nobody knows how far it came.
        begun: bool,
    },
    /// The attempt no longer counts.
    Abandon,
}

/// The right to make a call once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permit {
    /// The call.
    pub effect: EffectId,
    /// Which try of it.
    pub number: u32,
    /// With what arguments, a JSON object.
    pub arguments: String,
}

impl Permit {
    /// What tells the tool a repetition of the call from another call. It follows from the effect's id, which is given
    /// once, with the first intent.
    pub fn idempotency_key(&self) -> String {
        Hash::of(self.effect.to_string().as_bytes()).to_hex()[..32].to_owned()
    }
}

/// The attempts that may call tools, by the numbers of their tickets.
type Charters = HashMap<u64, (Pass, Arc<Charter>)>;

/// The broker of one data folder. Clones share it.
#[derive(Clone)]
pub struct Broker {
    gateway: Gateway,
    charters: Arc<Mutex<Charters>>,
}

impl Broker {
    /// The broker beside a gateway, whose journal it writes.
    pub fn new(gateway: Gateway) -> Self {
        Self { gateway, charters: Arc::default() }
    }

    /// Lets an attempt call tools.
    pub fn admit(&self, pass: Pass, charter: Charter) {
        self.charters().insert(pass.nonce, (pass, Arc::new(charter)));
    }

    /// The attempt is over, and so is what was left of those before it: they were kept only for as long as a worker
    /// that fell silent might yet say how its calls ended.
    pub fn release(&self, nonce: u64) {
        let mut charters = self.charters();
        if let Some((over, _)) = charters.remove(&nonce) {
            charters.retain(|_, (pass, _)| {
                (&pass.key, &pass.step) != (&over.key, &over.step) || pass.attempt > over.attempt
            });
        }
    }

    /// Decides about a call of the attempt with that ticket; durable once this returns.
    pub async fn intend(&self, nonce: u64, wanted: Wanted) -> Result<Decision, Fault> {
        let Some((pass, charter)) = self.chartered(nonce) else { return Ok(Decision::Abandon) };
        let owner = self.gateway.ledger().owner;
        match work::ask(self.gateway.submit(), Intend::new(pass.clone(), charter, wanted, owner)).await? {
            intend::Decided::Now(decision) => Ok(decision),
            intend::Decided::Replay(effect, recorded) => self.replay(&pass, effect, recorded).await,
        }
    }

    /// Writes down how a call ended, whatever attempt is live by now. `Abandoned` when it was no longer this try's to
    /// settle.
    pub async fn settle(
        &self,
        nonce: u64,
        (effect, number): (EffectId, u32),
        end: End,
        elapsed_ms: u64,
    ) -> Result<Settled, Fault> {
        let Some((pass, charter)) = self.chartered(nonce) else { return Ok(Settled::Abandoned) };
        let text = match &end {
            End::Returned { text, .. } => text.as_str(),
            End::Failed { message } | End::Unknown { message } => message,
            End::NotDone => "",
        };
        let body = self.gateway.keep(&pass.key.tenant, text.as_bytes()).await;
        let owner = self.gateway.ledger().owner;
        let settle = Settle::new((pass, charter), owner, (effect, number), end, body, elapsed_ms);
        work::ask(self.gateway.submit(), settle).await
    }

    async fn replay(&self, pass: &Pass, effect: EffectId, recorded: Recorded) -> Result<Decision, Fault> {
        let gone = || Fault::Corrupt { detail: format!("what came of {effect} is gone") };
        let head = lines::Head::read(&recorded.answer.ok_or_else(gone)?)?;
        let body = recorded.body.ok_or_else(gone)?;
        let bytes = match (body.bytes, body.hash) {
            (Some(bytes), _) => bytes,
            (None, Some(hash)) => self.gateway.fetch(&pass.key.tenant, hash).await?,
            (None, None) => return Err(gone()),
        };
        let text = String::from_utf8_lossy(&unpack(body.packed, bytes)?).into_owned();
        Ok(Decision::Recorded { effect, text: head.told(text), error: head.error })
    }

    /// Whether the attempt with that ticket may call tools.
    pub fn is_chartered(&self, nonce: u64) -> bool {
        self.charters().contains_key(&nonce)
    }

    pub(crate) fn submit(&self) -> &Submit {
        self.gateway.submit()
    }

    pub(crate) fn chartered(&self, nonce: u64) -> Option<(Pass, Arc<Charter>)> {
        self.charters().get(&nonce).cloned()
    }

    fn charters(&self) -> std::sync::MutexGuard<'_, Charters> {
        self.charters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
