//! Calls that are not made: refused, denied, answered in the tool's place, or recorded before.

use mainspring_agent::EffectClass;
use mainspring_store::{Candidate, EffectState, Fault, Mine, News, Pen, Settlement, StoredBody};
use mainspring_types::{Hash, Timestamp};

use super::{Decided, Intend};
use crate::{
    broker::{
        Decision,
        lines::{self, Head},
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
}

/// A short text as it is stored beside its effect.
fn body_of(text: &str) -> StoredBody {
    let (packed, bytes) = pack(text.as_bytes());
    StoredBody { packed, size: text.len() as u64, bytes: Some(bytes.into_owned()), hash: None::<Hash> }
}
