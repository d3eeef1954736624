//! Intents: what a request becomes, decided and written in one transaction before anything is sent.

use std::sync::Arc;

use mainspring_store::{Candidate, Charge, Fault, Identity, NewEffect, NewTry, News, Pen, Recorded};
use mainspring_types::{EffectId, Timestamp};

pub(crate) use super::decide::Repeat;
use super::{
    Book, Deliveries, Pass, Said,
    cut::clamped_at,
    decide::{Match, Why, decide},
    delivered::Delivery,
    entries,
    stray::{Stray, stray},
};
use crate::{
    Divergence,
    budget::{Hold, Limit, Verdict, Wish},
    work::Work,
};

/// Asks the journal what a request is.
pub(crate) struct Intent {
    call: Arc<Call>,
    terms: Terms,
    ledger: Register,
    written: Vec<Delivery>,
}

/// What holds for one asking.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The provider whose quota has a turn for the call. Without one nothing new is begun.
    pub(crate) provider: Option<String>,
    /// What happens when the request is not the recorded one.
    pub(crate) divergence: Divergence,
    /// Under which policy the record already says that it is not.
    pub(crate) told: Option<Divergence>,
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
pub(crate) struct Register {
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
    /// A person broke the turn off, or ends the run: nothing new is begun.
    Interrupted,
}

/// How a call that is not recorded stands to what is.
enum Path {
    /// It goes on from it.
    Straight,
    /// It leaves it.
    Left { expected: EffectId, later: Vec<EffectId> },
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
    pub(crate) fn new(call: Arc<Call>, terms: Terms, ledger: Register) -> Self {
        Self { call, terms, ledger, written: Vec::new() }
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
            Match::Join(_) if is_broken_off(pen, pass)? => Ok(Decision::Interrupted),
            Match::Join(effect) => {
                self.serve(pen, of(&candidates, effect), false)?;
                Ok(Decision::Join(effect))
            }
            Match::Unknowable(effect) => Ok(Decision::Unknowable(effect)),
            Match::Again { effect, why } => self.send_again(pen, now, of(&candidates, effect), why, news),
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
        let recorded = recorded(pen, &self.call.pass, candidate.id)?;
        if recorded.answer.is_none() {
            // A failure that nobody was told of: its last try was given up.
            return self.send_again(pen, now, candidate, Why::Reopened, news);
        }
        self.serve(pen, candidate, true)?;
        self.tell(pen, now, entries::replayed(candidate.id, candidate.state), news)?;
        Ok(Decision::Replay { effect: candidate.id, recorded })
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
        if is_broken_off(pen, &self.call.pass)? {
            return Ok(Decision::Interrupted);
        }
        let path = match self.path(pen, now, news)? {
            Ok(path) => path,
            Err(instead) => return Ok(instead),
        };
        let call = &self.call;
        let (begun, provider) = match self.reserve(pen, now, (EffectId::generate(), 1, call.wish), news)? {
            Ok(reserved) => reserved,
            Err(instead) => return Ok(instead),
        };
        if let Path::Left { expected, later } = path {
            let line = entries::diverged(expected, Divergence::Live, later.len());
            self.tell(pen, now, line, news)?;
            for effect in later {
                pen.supersede(&call.pass.key, effect)?;
            }
        }
        call.said.keep(pen, &call.pass.key)?;
        let request = call.said.document();
        let effect = NewEffect {
            id: begun.effect,
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
        begin_try(pen, &call.pass, provider, &begun)?;
        let line = entries::intended(effect.id, &call.identity.route, provider, occurrence);
        self.tell(pen, now, line, news)?;
        Ok(Decision::Send(begun))
    }

    fn send_again(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        candidate: &Candidate,
        why: Why,
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let Call { pass, wish, .. } = &*self.call;
        if is_broken_off(pen, pass)? {
            return Ok(Decision::Interrupted);
        }
        let clamped = clamped_at(pen, pass, candidate.id)?;
        let wish = clamped.map_or(*wish, |output_max| wish.after_clamp(output_max));
        let number = candidate.tries + 1;
        let (begun, provider) = match self.reserve(pen, now, (candidate.id, number, wish), news)? {
            Ok(reserved) => reserved,
            Err(instead) => return Ok(instead),
        };
        pen.intend_again(&pass.key, candidate.id, self.ledger.owner, number)?;
        self.serve(pen, candidate, false)?;
        begin_try(pen, pass, provider, &begun)?;
        self.tell(pen, now, entries::again(candidate.id, number, provider, why), news)?;
        Ok(Decision::Send(begun))
    }

    /// Whether a call that is not recorded goes on from the record, or what is done instead of it.
    fn path(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        news: &mut News,
    ) -> Result<Result<Path, Decision>, Fault> {
        let Call { pass, identity, .. } = &*self.call;
        // In a first attempt there is no path to leave; and few calls are where another was recorded.
        if pass.attempt.0 <= 1 || !pen.expects(&pass.key, &pass.step, pass.attempt, &identity.parent)? {
            return Ok(Ok(Path::Straight));
        }
        let policy = self.terms.divergence;
        let unconsumed = pen.unconsumed(&pass.key, &pass.step, pass.attempt)?;
        Ok(match stray(&unconsumed, identity) {
            Stray::New => Ok(Path::Straight),
            Stray::Near(effect) if policy == Divergence::Live => {
                pen.serve(&pass.key, (&pass.step, pass.attempt), effect, true)?;
                self.tell(pen, now, entries::near(effect), news)?;
                Err(Decision::Replay { effect, recorded: recorded(pen, pass, effect)? })
            }
            Stray::Diverged { irreversible: Some(effect), .. } => Err(Decision::Unknowable(effect)),
            Stray::Diverged { expected, later, .. } if policy == Divergence::Live => {
                Ok(Path::Left { expected, later })
            }
            Stray::Near(expected) | Stray::Diverged { expected, .. } => {
                if self.terms.told != Some(policy) {
                    self.tell(pen, now, entries::diverged(expected, policy, 0), news)?;
                }
                Err(Decision::Diverged { expected, policy })
            }
        })
    }

    /// Sets the upper bound of a try aside; `Err` with what is decided when it cannot be sent now.
    fn reserve(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (effect, number, wish): (EffectId, u32, Wish),
        news: &mut News,
    ) -> Result<Result<(Begun, &str), Decision>, Fault> {
        let Some(provider) = &self.terms.provider else { return Ok(Err(Decision::NeedsPermit)) };
        match self.ledger.book.reserve(pen, &self.call.pass, wish, now)? {
            Verdict::Refused { limit, until, needs } => Ok(Err(Decision::Short { limit, until, needs })),
            Verdict::Granted { output_max, hold, warnings, slow_by } => {
                for limit in warnings {
                    self.tell(pen, now, entries::warning(&limit), news)?;
                }
                Ok(Ok((Begun { effect, number, hold, output_max, slow_by, at: now }, provider)))
            }
        }
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

impl Work for Intent {
    type Outcome = Decision;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Decision, Fault> {
        self.decide(pen, now, news)
    }

    fn undone(&mut self) {
        self.ledger.deliveries.restore(std::mem::take(&mut self.written));
    }
}

/// Whether nothing new is begun, since a person broke the turn off or ends the run.
fn is_broken_off(pen: &Pen<'_>, pass: &Pass) -> Result<bool, Fault> {
    Ok(pen.is_interrupted(&pass.key)? || pen.is_stopping(&pass.key)?)
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

fn recorded(pen: &Pen<'_>, pass: &Pass, effect: EffectId) -> Result<Recorded, Fault> {
    let missing = || Fault::Corrupt { detail: format!("{effect} of {} is gone", pass.key.run) };
    pen.recorded(&pass.key, effect)?.ok_or_else(missing)
}
