//! Settlements: how a try ended, what it used, and what becomes of its effect, in one transaction.

use std::sync::Arc;

use mainspring_store::{EffectState, Fault, News, Pen, Settlement, StoredBody, Tokens, TryEnd};
use mainspring_types::Timestamp;

use super::{
    Pass, entries,
    intend::{Begun, Call, Register, begin_try},
};
use crate::{
    Usage,
    budget::{Limit, Spent, Verdict, Wish},
    price::NanoUsd,
    work::Work,
};

/// How a try ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// With a whole answer.
    Committed {
        /// Its head, as a JSON document.
        head: String,
        body: StoredBody,
        stop: &'static str,
    },
    /// Without one.
    Failed {
        /// What the agent was given instead, and its head; nothing when the gateway tries again.
        delivered: Option<(String, StoredBody)>,
        message: String,
        retryable: bool,
    },
    /// In a way that leaves open whether the provider went on.
    Unknown { message: String },
}

/// What a try used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bill {
    pub(crate) usage: Usage,
    pub(crate) cost: NanoUsd,
    /// The provider's id of the answer.
    pub(crate) response: Option<String>,
}

/// Settles a try, and its effect unless the gateway tries again.
pub(crate) struct Settle {
    call: Arc<Call>,
    ledger: Register,
    begun: Begun,
    outcome: Arc<Outcome>,
    bill: Bill,
    then: Then,
}

/// What follows a try that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Then {
    /// The effect is settled with it.
    Settled,
    /// The gateway tries again.
    TriedAgain,
}

impl Settle {
    pub(crate) fn new(
        (call, ledger, begun): (Arc<Call>, Register, Begun),
        outcome: Arc<Outcome>,
        bill: Bill,
        then: Then,
    ) -> Self {
        Self { call, ledger, begun, outcome, bill, then }
    }

    fn state(&self) -> EffectState {
        match *self.outcome {
            Outcome::Committed { .. } => EffectState::Committed,
            Outcome::Failed { .. } => EffectState::Failed,
            Outcome::Unknown { .. } => EffectState::Unknown,
        }
    }

    fn end_try(&self, pen: &mut Pen<'_>, now: Timestamp) -> Result<(), Fault> {
        let (pass, state) = (&self.call.pass, self.state());
        let Bill { usage, cost, response } = &self.bill;
        let tokens = Tokens {
            input: usage.input_tokens,
            output: usage.output_tokens,
            cache_read: usage.cache_read_tokens,
            cache_creation: usage.cache_creation_tokens,
        };
        let end = TryEnd {
            effect: self.begun.effect,
            number: self.begun.number,
            state,
            tokens,
            cost: cost.0,
            response: response.as_deref(),
            at: now,
        };
        pen.end_try(&pass.key, &end)?;
        // What is unknown stays held at its upper bound.
        if state != EffectState::Unknown {
            let spent = Spent::by_call(*usage, *cost);
            self.ledger.book.settle(pen, pass, self.begun.at, (self.begun.hold, spent))?;
        }
        Ok(())
    }

    /// Settles the effect; says whether it was this try's to settle.
    fn settle(&self, pen: &mut Pen<'_>, now: Timestamp) -> Result<bool, Fault> {
        let key = &self.call.pass.key;
        let (head, body, retryable) = match &*self.outcome {
            Outcome::Committed { head, body, .. } => (Some(head), Some(body), false),
            Outcome::Failed { delivered, retryable, .. } => {
                let (head, body) = delivered.as_ref().map(|(head, body)| (head, body)).unzip();
                (head, body, *retryable)
            }
            Outcome::Unknown { .. } => (None, None, true),
        };
        let settlement = Settlement {
            effect: self.begun.effect,
            owner: self.ledger.owner,
            state: self.state(),
            retryable,
            answer: head.map(String::as_str),
            at: now,
        };
        let settled = pen.settle_effect(key, self.begun.number, &settlement)?;
        if let (true, Some(body)) = (settled, body) {
            pen.keep_body(key, self.begun.effect, body)?;
            if let Some(hash) = &body.hash {
                use mainspring_store::Ledger as _;
                pen.refer(key, hash)?;
            }
        }
        Ok(settled)
    }

    fn line(&self) -> serde_json::Value {
        let effect = self.begun.effect;
        match (&*self.outcome, self.then) {
            (Outcome::Committed { stop, .. }, _) => {
                entries::committed(effect, self.bill.usage, self.bill.cost, stop)
            }
            (Outcome::Failed { message, .. }, Then::TriedAgain) => {
                entries::tried(effect, self.begun.number, message)
            }
            (Outcome::Failed { message, retryable, .. }, Then::Settled) => {
                entries::failed(effect, message, *retryable)
            }
            (Outcome::Unknown { message }, _) => entries::unknown(effect, message),
        }
    }
}

impl Work for Settle {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<(), Fault> {
        self.end_try(pen, now)?;
        let settled = match self.then {
            Then::Settled => self.settle(pen, now)?,
            Then::TriedAgain => true,
        };
        // Otherwise the run has ended, or a newer try has the effect: this one is only charged.
        if settled {
            let seq = entries::append(pen, &self.call, now, self.line())?;
            news.push((self.call.pass.key.clone(), seq));
        }
        Ok(())
    }
}

/// Begins another try of an effect that is in flight here.
pub(crate) struct AnotherTry {
    call: Arc<Call>,
    /// The attempt in whose name it is sent: that which asked for it last.
    pass: Pass,
    wish: Wish,
    ledger: Register,
    before: Begun,
    provider: String,
}

/// Whether another try may be sent.
#[derive(Debug)]
pub(crate) enum Next {
    /// It may.
    Send(Begun),
    /// The attempt no longer counts: nobody asks for the answer any more.
    Refused,
    /// A budget stands in the way.
    Short { limit: Limit, until: Option<Timestamp>, needs: u64 },
}

impl AnotherTry {
    pub(crate) fn new(
        (call, ledger, before): (Arc<Call>, Register, Begun),
        (pass, wish): (Pass, Wish),
        provider: String,
    ) -> Self {
        Self { call, pass, wish, ledger, before, provider }
    }

    fn decide(&self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Next, Fault> {
        let pass = &self.pass;
        if !pen.holds(&pass.key, &pass.step, (pass.attempt, pass.nonce))? {
            return Ok(Next::Refused);
        }
        let (hold, output_max, slow_by) = match self.ledger.book.reserve(pen, pass, self.wish, now)? {
            Verdict::Granted { hold, output_max, slow_by, warnings } => {
                for limit in warnings {
                    let seq = entries::append(pen, &self.call, now, entries::warning(&limit))?;
                    news.push((pass.key.clone(), seq));
                }
                (hold, output_max, slow_by)
            }
            Verdict::Refused { limit, until, needs } => return Ok(Next::Short { limit, until, needs }),
        };
        let number = self.before.number + 1;
        let begun = Begun { effect: self.before.effect, number, hold, output_max, slow_by, at: now };
        pen.intend_again(&pass.key, begun.effect, self.ledger.owner, number)?;
        begin_try(pen, pass, &self.provider, &begun)?;
        Ok(Next::Send(begun))
    }
}

impl Work for AnotherTry {
    type Outcome = Next;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Next, Fault> {
        self.decide(pen, now, news)
    }
}

/// Settles an effect whose last try is settled and that nobody asks for any more.
pub(crate) struct GiveUp {
    call: Arc<Call>,
    ledger: Register,
    last: Begun,
}

impl GiveUp {
    pub(crate) fn new((call, ledger, last): (Arc<Call>, Register, Begun)) -> Self {
        Self { call, ledger, last }
    }
}

impl Work for GiveUp {
    type Outcome = ();

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, _: &mut News) -> Result<(), Fault> {
        let settlement = Settlement {
            effect: self.last.effect,
            owner: self.ledger.owner,
            state: EffectState::Failed,
            retryable: true,
            answer: None,
            at: now,
        };
        pen.settle_effect(&self.call.pass.key, self.last.number, &settlement).map(drop)
    }
}
