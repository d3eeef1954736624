//! Settlements: how a call ended, in one transaction.

use std::sync::Arc;

use mainspring_agent::{EffectClass, Policy};
use mainspring_store::{Called, EffectState, Fault, Ledger as _, News, Pen, Settlement, StoredBody};
use mainspring_types::{EffectId, Timestamp};

use super::{
    Charter,
    lines::{self, Head, Named},
};
use crate::{Pass, work::Work};

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// With an answer.
    Returned {
        /// All of it.
        text: String,
        /// Whether it is a complaint.
        error: bool,
    },
    /// Without one, and nothing was changed.
    Failed {
        /// Why.
        message: String,
    },
    /// Nobody knows how far it came. The agent goes on with just that.
    Unknown {
        /// What is known.
        message: String,
    },
    /// The try that broke off did not take place: the tool says so. It may be made once more.
    NotDone,
}

/// What became of a settlement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settled {
    /// It is written.
    Written,
    /// The run has ended, or a newer try has the call: nothing was written.
    Abandoned,
}

/// Settles a try.
pub(super) struct Settle {
    pass: Pass,
    charter: Arc<Charter>,
    owner: u128,
    effect: EffectId,
    number: u32,
    end: End,
    body: StoredBody,
    elapsed_ms: u64,
}

impl Settle {
    pub(super) fn new(
        (pass, charter): (Pass, Arc<Charter>),
        owner: u128,
        (effect, number): (EffectId, u32),
        end: End,
        body: StoredBody,
        elapsed_ms: u64,
    ) -> Self {
        Self { pass, charter, owner, effect, number, end, body, elapsed_ms }
    }

    /// What a settlement comes to that changes nothing.
    fn unwritten(&self, stands: &Called) -> Settled {
        let is_so = stands.owner == self.owner && stands.tries == self.number && stands.state == self.state();
        // The answer to an earlier telling was lost.
        if is_so { Settled::Written } else { Settled::Abandoned }
    }

    const fn state(&self) -> EffectState {
        match &self.end {
            End::Returned { .. } => EffectState::Committed,
            End::Failed { .. } => EffectState::Failed,
            End::Unknown { .. } | End::NotDone => EffectState::Unknown,
        }
    }

    /// A call that changes nothing, however far it came, has failed where nobody knows how far that is.
    fn simplify(&mut self, pen: &Pen<'_>, tool: &str) -> Result<(), Fault> {
        if let End::Unknown { message } = &self.end {
            let arguments = pen.requested(&self.pass.key, self.effect)?;
            let arguments = serde_json::from_str(&arguments).unwrap_or_default();
            if Policy::of(&self.charter.assistant).rule(tool, &arguments, &[]).class == EffectClass::Pure {
                self.end = End::Failed { message: message.clone() };
            }
        }
        Ok(())
    }

    const fn head(&self) -> Head {
        let error = !matches!(self.end, End::Returned { error: false, .. });
        Head { error, ms: self.elapsed_ms, unknown: matches!(self.end, End::Unknown { .. }) }
    }

    fn settlement<'a>(&self, head: &'a str, at: Timestamp) -> Settlement<'a> {
        let retryable = self.end == End::NotDone;
        let answer = (!retryable).then_some(head);
        Settlement { effect: self.effect, owner: self.owner, state: self.state(), retryable, answer, at }
    }

    fn line(&self, tool: &str) -> serde_json::Value {
        let named = Named { effect: self.effect, tool };
        match &self.end {
            End::Returned { text, error } => named.committed(text, *error, self.elapsed_ms),
            End::Failed { message } => named.failed(message),
            End::Unknown { message } => named.unknown(message),
            End::NotDone => named.unknown("it did not take place: the tool says so"),
        }
    }
}

impl Work for Settle {
    type Outcome = Settled;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Settled, Fault> {
        let Some(called) = pen.called(&self.pass.key, self.effect)? else { return Ok(Settled::Abandoned) };
        self.simplify(pen, &called.name)?;
        let head = self.head().document();
        let key = &self.pass.key;
        // What the agent was told of a call stays what it was told.
        if called.told || !pen.settle_effect(key, self.number, &self.settlement(&head, now))? {
            return Ok(self.unwritten(&called));
        }
        if self.end != End::NotDone {
            pen.keep_body(key, self.effect, &self.body)?;
            if let Some(hash) = &self.body.hash {
                pen.refer(key, hash)?;
            }
        }
        news.push(lines::append(pen, &self.pass, now, self.line(&called.name))?);
        Ok(Settled::Written)
    }
}
