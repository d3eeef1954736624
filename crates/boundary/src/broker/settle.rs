//! Settlements: how a call ended, in one transaction.

use mainspring_store::{EffectState, Fault, News, Pen, Settlement, StoredBody};
use mainspring_types::{EffectId, Timestamp};

use super::lines::{self, Head, Named};
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
    /// Nobody knows how far it came.
    Unknown {
        /// What is known.
        message: String,
    },
    /// A probe found that the try that broke off did not take place.
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
    owner: u128,
    effect: EffectId,
    number: u32,
    end: End,
    body: StoredBody,
    elapsed_ms: u64,
}

impl Settle {
    pub(super) fn new(
        pass: Pass,
        owner: u128,
        (effect, number): (EffectId, u32),
        end: End,
        body: StoredBody,
        elapsed_ms: u64,
    ) -> Self {
        Self { pass, owner, effect, number, end, body, elapsed_ms }
    }

    /// The try is begun anew under the next number, for the attempt that probed it.
    fn begin_anew(&self, pen: &mut Pen<'_>) -> Result<Settled, Fault> {
        let Pass { key, step, attempt, nonce, .. } = &self.pass;
        if !pen.holds(key, step, (*attempt, *nonce))? {
            return Ok(Settled::Abandoned);
        }
        pen.intend_again(key, self.effect, self.owner, self.number + 1)?;
        Ok(Settled::Written)
    }

    fn settlement<'a>(&self, answer: &'a str, now: Timestamp) -> Settlement<'a> {
        let (state, answer) = match &self.end {
            End::Returned { .. } => (EffectState::Committed, Some(answer)),
            End::Failed { .. } => (EffectState::Failed, Some(answer)),
            End::Unknown { .. } | End::NotDone => (EffectState::Unknown, None),
        };
        Settlement { effect: self.effect, owner: self.owner, state, retryable: false, answer, at: now }
    }

    fn line(&self, tool: &str) -> serde_json::Value {
        let named = Named { effect: self.effect, tool };
        match &self.end {
            End::Returned { text, error } => named.committed(text, *error, self.elapsed_ms),
            End::Failed { message } => named.failed(message),
            End::Unknown { message } => named.unknown(message),
            End::NotDone => unreachable!("a try that did not take place is begun anew"),
        }
    }
}

impl Work for Settle {
    type Outcome = Settled;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Settled, Fault> {
        if self.end == End::NotDone {
            return self.begin_anew(pen);
        }
        let key = &self.pass.key;
        let error = !matches!(self.end, End::Returned { error: false, .. });
        let head = Head { error, ms: self.elapsed_ms }.document();
        if !pen.settle_effect(key, self.number, &self.settlement(&head, now))? {
            return Ok(Settled::Abandoned);
        }
        if !matches!(self.end, End::Unknown { .. }) {
            pen.keep_body(key, self.effect, &self.body)?;
            if let Some(hash) = &self.body.hash {
                use mainspring_store::Ledger as _;
                pen.refer(key, hash)?;
            }
        }
        let tool = pen.called(key, self.effect)?;
        news.push(lines::append(pen, &self.pass, now, self.line(&tool))?);
        Ok(Settled::Written)
    }
}
