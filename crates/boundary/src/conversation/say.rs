//! Messages to runs, and the word that no more will come.

use mainspring_store::{Demand, Fault, GateRow, GateSettled, Ledger as _, News, Pen, RunKey, Submit};
use mainspring_types::{GateAction, GateKind, Timestamp};
use serde_json::json;

use crate::{
    broker::{
        lines::{self, preview},
        wake,
    },
    work::{self, Work},
};

/// How much of a message a line shows.
const SHOWN_MAX: usize = 2_000;

/// Why a message is not taken. Nothing was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unheard {
    /// The run holds no conversation.
    Deaf,
    /// The run has ended.
    Ended,
}

/// Says something to a run; durable, and the run awake, once this returns its number. `parts` is a JSON list of which
/// `text` is the readable part.
pub async fn say(
    submit: &Submit,
    key: RunKey,
    by: &str,
    (parts, text): (String, String),
) -> Result<Result<u64, Unheard>, Fault> {
    let said = Said::Message { parts, text };
    let said = work::ask(submit, Saying { key, by: by.to_owned(), said, wake: None }).await?;
    Ok(said.map(|number| number.expect("a message has a number")))
}

/// Tells a run that no further message will come: it ends with the turn it is in.
pub async fn done(submit: &Submit, key: RunKey, by: &str) -> Result<Result<(), Unheard>, Fault> {
    let saying = Saying { key, by: by.to_owned(), said: Said::NoMore, wake: None };
    Ok(work::ask(submit, saying).await?.map(drop))
}

/// What is said.
enum Said {
    Message { parts: String, text: String },
    NoMore,
}

impl Said {
    /// As an answer to the gate at which the run waits for it.
    const fn action(&self) -> GateAction {
        match self {
            Self::Message { .. } => GateAction::Answer,
            Self::NoMore => GateAction::Deny,
        }
    }
}

struct Saying {
    key: RunKey,
    by: String,
    said: Said,
    wake: Option<Demand>,
}

impl Saying {
    fn say(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        news: &mut News,
    ) -> Result<Result<Option<u64>, Unheard>, Fault> {
        let Some(part) = pen.conversation(&self.key)? else { return Ok(Err(Unheard::Deaf)) };
        // One that is about to end takes up nothing more: what is told to be heard is heard.
        if part.over || pen.has_ended(&self.key)? {
            return Ok(Err(Unheard::Ended));
        }
        let number = match &self.said {
            Said::Message { parts, text } => Some(put(pen, &self.key, &self.by, (parts, text), now, news)?),
            Said::NoMore => {
                pen.hear_no_more(&self.key)?;
                None
            }
        };
        let open = pen.open_gates(&self.key)?.into_iter().find(|gate| gate.kind == GateKind::Input);
        if let Some(gate) = open {
            self.pass(pen, now, &gate, news)?;
        }
        Ok(Ok(number))
    }

    /// Lets the run go on that waits at the gate for what is said.
    fn pass(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        gate: &GateRow,
        news: &mut News,
    ) -> Result<(), Fault> {
        let action = self.said.action();
        let settled = GateSettled {
            action,
            by: self.by.clone(),
            message: None,
            executed: None,
            remembered: None,
            at: now,
        };
        pen.settle_gate(&self.key.tenant, gate.id(), action.state(), &settled)?;
        let line = lines::settled(gate.id(), action.as_str(), &self.by, None);
        news.push(lines::append_of(pen, &self.key, &gate.step, now, line)?);
        self.wake = Some(wake(self.key.clone(), gate, &self.by));
        Ok(())
    }
}

/// Puts a message where the run's next turn finds it; says its number.
pub(crate) fn put(
    pen: &mut Pen<'_>,
    key: &RunKey,
    by: &str,
    (parts, text): (&str, &str),
    now: Timestamp,
    news: &mut News,
) -> Result<u64, Fault> {
    let number = pen.say(key, by, parts, now)?;
    let text = preview(text, SHOWN_MAX);
    let line = json!({ "type": "message.added", "message_id": number, "by": by, "text": text });
    news.push(lines::append_to(pen, key, now, &line)?);
    Ok(number)
}

impl Work for Saying {
    type Outcome = Result<Option<u64>, Unheard>;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Self::Outcome, Fault> {
        self.say(pen, now, news)
    }

    fn demands(&mut self) -> Vec<Demand> {
        self.wake.take().into_iter().collect()
    }
}
