//! Intents: what a request becomes, decided and written in one transaction before anything is sent.

use std::sync::Arc;

use mainspring_store::{Candidate, Charge, Fault, Identity, NewEffect, NewTry, News, Pen, Recorded, Unit};
use mainspring_types::{EffectId, Timestamp};
use tokio::sync::oneshot;

pub(crate) use super::decide::Repeat;
use super::{
    Book, Deliveries, Pass, Said,
    decide::{Match, Why, decide},
    delivered::Delivery,
    entries,
    stray::{Stray, stray},
};
use crate::{
    Divergence,
    budget::{Hold, Limit, Verdict, Wish},
};

/// Asks the journal what a request is.
pub(crate) struct Intent {
    pub(crate) call: Arc<Call>,
    /// Whether a permit of the provider's quota is at hand. Without one nothing new is begun.
    pub(crate) permitted: bool,
    pub(crate) provider: String,
    /// What happens when the request is not the recorded one.
    pub(crate) divergence: Divergence,
    pub(crate) ledger: Ledger,
    decided: Option<Decision>,
    written: Vec<Delivery>,
    reply: Option<oneshot::Sender<Result<Decision, Fault>>>,
}

/// What a request is to the journal.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) pass: Pass,
    pub(crate) identity: Identity,
    pub(crate) model: String,
    /// Why it must not happen twice, if it must not.
    pub(crate) irreversible: Option<String>,
    pub(crate) repeat: Repeat,
    pub(crate) said: Said,
    pub(crate) wish: Wish,
}

impl Call {
    pub(crate) fn is_irreversible(&self) -> bool {
        self.irreversible.is_some()
    }
}

/// What every unit of one gateway shares.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) book: Arc<Book>,
    pub(crate) deliveries: Deliveries,
    /// Settles what is in flight here. A gateway that is started again is another owner.
    pub(crate) owner: u128,
}

/// What a request is answered with.
#[derive(Debug)]
pub(crate) enum Decision {
    /// The attempt does not count, or never did.
    Refused,
    /// What is recorded.
    Replay { effect: EffectId, recorded: Recorded },
    /// What is on its way.
    Join(EffectId),
    /// Nothing was decided: ask again with a permit.
    NeedsPermit,
    /// It is to be sent, now that this is durable.
    Send(Begun),
    /// A budget stands in the way.
    Short { limit: Limit, until: Option<Timestamp>, needs: u64 },
    /// It is not the recorded call, and the policy is not to go on.
    Diverged { expected: EffectId, policy: Divergence },
    /// Whether an earlier try happened is unknown, and it must not happen twice.
    Unknowable(EffectId),
}

/// A try that may be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Begun {
    pub(crate) effect: EffectId,
    pub(crate) number: u32,
    pub(crate) hold: Hold,
    /// The output maximum to put into the request.
    pub(crate) output_max: Option<u64>,
    /// How long to wait first, where a budget throttles.
    pub(crate) slow_by: Option<std::time::Duration>,
    /// When it was written: in the windows of this moment its hold is taken.
    pub(crate) at: Timestamp,
}

impl Intent {
    pub(crate) fn new(
        call: Arc<Call>,
        provider: String,
        (permitted, divergence): (bool, Option<Divergence>),
        ledger: Ledger,
    ) -> (Box<Self>, oneshot::Receiver<Result<Decision, Fault>>) {
        let (reply, answer) = oneshot::channel();
        let divergence = divergence.unwrap_or(call.pass.divergence);
        let intent = Self {
            call,
            permitted,
            provider,
            divergence,
            ledger,
            decided: None,
            written: Vec::new(),
            reply: Some(reply),
        };
        (Box::new(intent), answer)
    }

    fn decide(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Decision, Fault> {
        let call = Arc::clone(&self.call);
        let Call { pass, identity, .. } = &*call;
        if !pen.holds(&pass.key, &pass.step, (pass.attempt, pass.nonce))? {
            return Ok(Decision::Refused);
        }
        self.written = self.ledger.deliveries.write(pen)?;
        let candidates = pen.candidates(&pass.key, &pass.step, pass.attempt, identity)?;
        match decide(&candidates, self.ledger.owner, call.repeat) {
            Match::Replay(effect) => self.replay(pen, now, of(&candidates, effect), news),
            Match::Join(effect) => {
                self.serve(pen, of(&candidates, effect), false)?;
                Ok(Decision::Join(effect))
            }
            Match::Unknowable(effect) => Ok(Decision::Unknowable(effect)),
            Match::Again { effect, tries, why } => {
                let candidate = of(&candidates, effect).clone();
                self.send_again(pen, now, &candidate, (tries + 1, why), news)
            }
            Match::New { occurrence } => self.send_new(pen, now, occurrence, news),
        }
    }

    fn replay(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        candidate: &Candidate,
        news: &mut News,
    ) -> Result<Decision, Fault> {
        self.serve(pen, candidate, true)?;
        let line = entries::replayed(candidate.id, candidate.state);
        self.tell(pen, now, line, news)?;
        recorded(pen, &self.call.pass, candidate.id)
    }

    fn serve(&self, pen: &mut Pen<'_>, candidate: &Candidate, replayed: bool) -> Result<(), Fault> {
        let pass = &self.call.pass;
        if candidate.attempt == pass.attempt {
            return Ok(());
        }
        pen.serve(&pass.key, (&pass.step, pass.attempt), candidate.id, replayed)
    }

    fn send_new(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        occurrence: u32,
        news: &mut News,
    ) -> Result<Decision, Fault> {
        if let Some(instead) = self.stray(pen, now, news)? {
            return Ok(instead);
        }
        let effect = EffectId::generate();
        let begun = match self.reserve(pen, now, (effect, 1), news)? {
            Ok(begun) => begun,
            Err(instead) => return Ok(instead),
        };
        let call = &self.call;
        call.said.keep(pen, &call.pass.key)?;
        let request = call.said.document();
        let effect = NewEffect {
            id: effect,
            step: &call.pass.step,
            attempt: call.pass.attempt,
            identity: &call.identity,
            occurrence,
            model: &call.model,
            irreversible: call.irreversible.is_some(),
            owner: self.ledger.owner,
            request: &request,
            at: now,
        };
        pen.intend(&call.pass.key, &effect)?;
        self.begin_try(pen, &begun)?;
        let line = entries::intended(effect.id, &call.identity.route, &self.provider, occurrence);
        self.tell(pen, now, line, news)?;
        Ok(Decision::Send(begun))
    }

    fn send_again(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        candidate: &Candidate,
        (number, why): (u32, Why),
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let begun = match self.reserve(pen, now, (candidate.id, number), news)? {
            Ok(begun) => begun,
            Err(instead) => return Ok(instead),
        };
        pen.intend_again(&self.call.pass.key, candidate.id, self.ledger.owner, number)?;
        self.serve(pen, candidate, false)?;
        self.begin_try(pen, &begun)?;
        self.tell(pen, now, entries::again(candidate.id, number, &self.provider, why), news)?;
        Ok(Decision::Send(begun))
    }

    /// What is done instead of a new call, if it is not where the record says it should be.
    fn stray(&self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Option<Decision>, Fault> {
        let Call { pass, identity, .. } = &*self.call;
        if pass.attempt.0 <= 1 {
            // There is no earlier attempt to leave the path of.
            return Ok(None);
        }
        let unconsumed = pen.unconsumed(&pass.key, &pass.step, pass.attempt)?;
        match stray(&unconsumed, identity) {
            Stray::New => Ok(None),
            Stray::Near(effect) if self.divergence == Divergence::Live => {
                pen.serve(&pass.key, (&pass.step, pass.attempt), effect, true)?;
                self.tell(pen, now, entries::near(effect), news)?;
                recorded(pen, pass, effect).map(Some)
            }
            Stray::Near(expected) => self.diverge(pen, now, expected, 0, news).map(Some),
            Stray::Diverged { irreversible: Some(effect), .. } => Ok(Some(Decision::Unknowable(effect))),
            Stray::Diverged { .. } if self.divergence == Divergence::Live && !self.permitted => {
                Ok(Some(Decision::NeedsPermit))
            }
            Stray::Diverged { expected, later, .. } => {
                let instead = self.diverge(pen, now, expected, later.len(), news)?;
                for effect in later {
                    pen.supersede(&pass.key, effect)?;
                }
                Ok((self.divergence != Divergence::Live).then_some(instead))
            }
        }
    }

    fn diverge(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        expected: EffectId,
        later: usize,
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let policy = self.divergence;
        self.tell(pen, now, entries::diverged(expected, policy, later), news)?;
        Ok(Decision::Diverged { expected, policy })
    }

    /// Sets the try's upper bound aside; `Err` with what is decided when it cannot be sent now.
    fn reserve(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (effect, number): (EffectId, u32),
        news: &mut News,
    ) -> Result<Result<Begun, Decision>, Fault> {
        if !self.permitted {
            return Ok(Err(Decision::NeedsPermit));
        }
        match self.ledger.book.reserve(pen, &self.call.pass, self.call.wish, now)? {
            Verdict::Refused { limit, until, needs } => Ok(Err(Decision::Short { limit, until, needs })),
            Verdict::Granted { output_max, hold, warnings, slow_by } => {
                for limit in warnings {
                    self.tell(pen, now, entries::warning(&limit), news)?;
                }
                Ok(Ok(Begun { effect, number, hold, output_max, slow_by, at: now }))
            }
        }
    }

    fn begin_try(&self, pen: &mut Pen<'_>, begun: &Begun) -> Result<(), Fault> {
        begin_try(pen, &self.call.pass, &self.provider, begun)
    }

    fn tell(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        line: serde_json::Value,
        news: &mut News,
    ) -> Result<(), Fault> {
        let seq = entries::append(pen, &self.call, now, line)?;
        news.push((self.call.pass.key.clone(), seq));
        Ok(())
    }
}

impl Unit for Intent {
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault> {
        let mut news = News::new();
        self.decided = Some(self.decide(pen, now, &mut news)?);
        Ok(news)
    }

    fn settled(mut self: Box<Self>, written: Result<(), Fault>) {
        if written.is_err() {
            self.ledger.deliveries.restore(std::mem::take(&mut self.written));
        }
        let answer = written.map(|()| self.decided.take().expect("what is written was decided"));
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have gone away; what was intended is then sent by nobody, and settled as such.
            drop(reply.send(answer));
        }
    }
}

/// Writes a try and what is set aside for it.
pub(super) fn begin_try(pen: &mut Pen<'_>, pass: &Pass, provider: &str, begun: &Begun) -> Result<(), Fault> {
    let held = Charge { tokens: begun.hold.tokens, cost: begun.hold.cost.0 };
    let agent = pass.agent.as_str();
    let is = NewTry { effect: begun.effect, number: begun.number, agent, provider, held, at: begun.at };
    pen.begin_try(&pass.key, &is)
}

fn of(candidates: &[Candidate], effect: EffectId) -> &Candidate {
    candidates.iter().find(|candidate| candidate.id == effect).expect("what is matched is a candidate")
}

fn recorded(pen: &Pen<'_>, pass: &Pass, effect: EffectId) -> Result<Decision, Fault> {
    let missing = || Fault::Corrupt { detail: format!("{effect} of {} is gone", pass.key.run) };
    let recorded = pen.recorded(&pass.key, effect)?.ok_or_else(missing)?;
    Ok(Decision::Replay { effect, recorded })
}
