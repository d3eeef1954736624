//! What follows from a decision, as it is written.

use mainspring_agent::EffectClass;
use mainspring_store::{
    Candidate, EffectState, Fault, Identity, Mine, NewEffect, News, Pen, Settlement, StoredBody,
};
use mainspring_types::{EffectId, Hash, Timestamp};
use serde_json::Value;

use super::{Decided, Intend};
use crate::{
    broker::{
        Decision, Permit,
        child::{self, Child},
        lines::{self, Head, Named},
    },
    journal::pack,
};

/// How a call is settled that is not made.
#[derive(Clone, Copy)]
pub(super) enum Closing<'a> {
    /// A rule speaks against it.
    Denied { why: &'a str, rule: Option<&'a str> },
    /// A person refused it, or nobody answered in time.
    Refused(&'a str),
    /// Nobody knows what became of its last try, and it is left at that.
    Left(&'a str),
    /// Someone else says what comes of it.
    Said { text: &'a str, error: bool },
}

impl<'a> Closing<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::Denied { why: text, .. }
            | Self::Refused(text)
            | Self::Left(text)
            | Self::Said { text, .. } => text,
        }
    }

    const fn is_complaint(self) -> bool {
        !matches!(self, Self::Said { error: false, .. })
    }

    const fn state(self) -> EffectState {
        match self {
            Self::Said { .. } => EffectState::Committed,
            Self::Denied { .. } | Self::Refused(_) => EffectState::Failed,
            Self::Left(_) => EffectState::Unknown,
        }
    }
}

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

    fn named(&self, effect: EffectId) -> Named<'_> {
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
    fn take_over(&self, pen: &mut Pen<'_>, effect: &Candidate, number: u32) -> Result<(), Fault> {
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

    /// Starts the run that works on the task, or says why it is not started.
    pub(super) fn bear(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (executed, arguments): (Option<&str>, &Value),
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let wanted = match child::prepare(&self.charter, &self.pass, arguments) {
            Ok(wanted) => wanted,
            Err(why) => {
                return self.close(pen, now, None, Closing::Denied { why: &why, rule: None }, news);
            }
        };
        let arguments = executed.unwrap_or(&self.wanted.arguments);
        let effect = self.write_down(pen, now, arguments, EffectClass::Idempotent)?;
        let Child { run, agent, demand } = wanted.begin(pen, now, (&self.pass, effect))?;
        news.push(lines::append(pen, &self.pass, now, self.named(effect).child(run, &agent))?);
        self.demands.push(demand);
        Ok(Decision::Child(run))
    }

    /// Waits for the run that works on the task, or takes what came of it.
    pub(super) fn wait_for_child(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        effect: &Candidate,
        news: &mut News,
    ) -> Result<Decided, Fault> {
        let run = child::run_of(&self.pass, effect.id);
        let Some((text, error)) = child::outcome(pen, &self.pass, run)? else {
            self.lend(pen, effect)?;
            return Ok(Decided::Now(Decision::Child(run)));
        };
        let closing = Closing::Said { text: &text, error };
        self.close(pen, now, Some(effect), closing, news).map(Decided::Now)
    }

    /// Settles a call without making it, writing it down first when it is not.
    pub(super) fn close(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        effect: Option<&Candidate>,
        closing: Closing<'_>,
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let (id, number) = match effect {
            Some(effect) => {
                self.take_over(pen, effect, effect.tries)?;
                (effect.id, effect.tries)
            }
            None => (self.write_down(pen, now, &self.wanted.arguments, EffectClass::Pure)?, 1),
        };
        let (text, error) = (closing.text(), closing.is_complaint());
        let settlement = Settlement {
            effect: id,
            owner: self.owner,
            state: closing.state(),
            retryable: false,
            answer: Some(&Head { error, ms: 0, unknown: false }.document()),
            at: now,
        };
        pen.settle_effect(&self.pass.key, number, &settlement)?;
        pen.keep_body(&self.pass.key, id, &body_of(text))?;
        let named = self.named(id);
        let line = match closing {
            Closing::Denied { why, rule } => named.denied(&self.wanted.arguments, why, rule),
            Closing::Refused(text) => named.failed(text),
            Closing::Left(text) => named.unknown(text),
            Closing::Said { text, error } => named.committed(text, error, 0),
        };
        news.push(lines::append(pen, &self.pass, now, line)?);
        Ok(Decision::Recorded { effect: id, text: text.to_owned(), error })
    }

    pub(super) fn replay(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        effect: &Candidate,
        news: &mut News,
    ) -> Result<Decided, Fault> {
        if effect.mine == Mine::No {
            pen.serve(&self.pass.key, (&self.pass.step, self.pass.attempt), effect.id, true)?;
            news.push(lines::append(pen, &self.pass, now, self.named(effect.id).replayed())?);
        }
        let gone = || Fault::Corrupt { detail: format!("{} of {} is gone", effect.id, self.pass.key.run) };
        Ok(Decided::Replay(effect.id, pen.recorded(&self.pass.key, effect.id)?.ok_or_else(gone)?))
    }

    fn write_down(
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

/// A short text as it is stored beside its effect.
fn body_of(text: &str) -> StoredBody {
    let (packed, bytes) = pack(text.as_bytes());
    StoredBody { packed, size: text.len() as u64, bytes: Some(bytes.into_owned()), hash: None::<Hash> }
}
