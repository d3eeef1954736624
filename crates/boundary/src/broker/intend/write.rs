//! Calls that are made, as they are written: begun, made again, and left to those who can tell what became of them.

use mainspring_agent::EffectClass;
use mainspring_store::{Candidate, EffectState, Fault, Identity, NewEffect, News, Pen, Settlement};
use mainspring_types::{EffectId, Timestamp};

use super::Intend;
use crate::broker::{
    Decision, Permit,
    lines::{self, Named},
};

impl Intend {
    pub(super) fn identity(&self) -> Identity {
        Identity {
            route: "tool".into(),
            key: self.key,
            near: self.key,
            // No call of a model stands here, so none is taken for a divergence from this one.
            parent: self.key,
            previous: None,
            own: self.key,
        }
    }

    pub(super) fn named(&self, effect: EffectId) -> Named<'_> {
        Named { effect, tool: &self.wanted.tool }
    }

    /// Writes the call down before it is made for the first time.
    pub(super) fn begin(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (executed, class): (Option<&str>, EffectClass),
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let arguments = executed.unwrap_or(&self.wanted.arguments);
        let effect = self.write_down(pen, now, arguments, class)?;
        let line = self.named(effect).intended((arguments, &self.wanted.position), class, 1);
        news.push(lines::append(pen, &self.pass, now, line)?);
        Ok(Decision::Run(Permit { effect, number: 1, arguments: arguments.to_owned() }))
    }

    /// Writes down that the call is made once more.
    pub(super) fn again(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (effect, class): (&Candidate, EffectClass),
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let number = effect.tries + 1;
        self.take_over(pen, effect, number)?;
        let permit = Permit { number, ..self.permit(pen, effect)? };
        let line = self.named(effect.id).intended((&permit.arguments, &self.wanted.position), class, number);
        news.push(lines::append(pen, &self.pass, now, line)?);
        Ok(Decision::Run(permit))
    }

    /// The right to the try that was begun last.
    pub(super) fn permit(&self, pen: &Pen<'_>, effect: &Candidate) -> Result<Permit, Fault> {
        let arguments = pen.requested(&self.pass.key, effect.id)?;
        Ok(Permit { effect: effect.id, number: effect.tries, arguments })
    }

    /// The attempt is given the call, which is not settled.
    pub(super) fn lend(&self, pen: &mut Pen<'_>, effect: &Candidate) -> Result<(), Fault> {
        pen.serve(&self.pass.key, (&self.pass.step, self.pass.attempt), effect.id, false)
    }

    /// Makes the try ours to settle: whoever had it is gone.
    pub(super) fn take_over(&self, pen: &mut Pen<'_>, effect: &Candidate, number: u32) -> Result<(), Fault> {
        pen.intend_again(&self.pass.key, effect.id, self.owner, number)?;
        self.lend(pen, effect)
    }

    /// Notes that nobody knows what became of the last try, and makes it ours to settle: whoever made it is gone.
    ///
    /// The attempt is not given the call. It would take the try for one that it began, and make it.
    pub(super) fn adopt(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        effect: &Candidate,
        news: &mut News,
    ) -> Result<(), Fault> {
        if effect.state == EffectState::Unknown && effect.owner == self.owner {
            return Ok(());
        }
        pen.intend_again(&self.pass.key, effect.id, self.owner, effect.tries)?;
        pen.settle_effect(&self.pass.key, effect.tries, &self.unknown(effect.id, now))?;
        let line = self.named(effect.id).unknown("it broke off: whoever made the call is gone");
        news.push(lines::append(pen, &self.pass, now, line)?);
        Ok(())
    }

    fn unknown(&self, effect: EffectId, at: Timestamp) -> Settlement<'static> {
        let (owner, state) = (self.owner, EffectState::Unknown);
        Settlement { effect, owner, state, retryable: false, answer: None, at }
    }

    pub(super) fn write_down(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        arguments: &str,
        class: EffectClass,
    ) -> Result<EffectId, Fault> {
        let id = EffectId::generate();
        let is = NewEffect {
            id,
            step: &self.pass.step,
            attempt: self.pass.attempt,
            identity: &self.identity(),
            occurrence: 1,
            model: &self.wanted.tool,
            irreversible: class > EffectClass::Idempotent,
            owner: self.owner,
            request: arguments,
            at: now,
        };
        pen.intend(&self.pass.key, &is)?;
        Ok(id)
    }
}
