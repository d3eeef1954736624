//! Messages to runs, and the word that no more will come.

use mainspring_store::{
    Demand, EntryKind, Fault, GateRow, GateSettled, Ledger as _, NewEntry, News, Pen, RunKey, Submit,
};
use mainspring_types::Timestamp;
use serde_json::json;

use super::preview;
use crate::{
    broker::wake,
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
    let saying = Saying { key, by: by.to_owned(), message: Some((parts, text)), wake: None };
    work::ask(submit, saying).await
}

/// Tells a run that no further message will come: it ends with the turn it is in.
pub async fn done(submit: &Submit, key: RunKey, by: &str) -> Result<Result<(), Unheard>, Fault> {
    let saying = Saying { key, by: by.to_owned(), message: None, wake: None };
    Ok(work::ask(submit, saying).await?.map(drop))
}

struct Saying {
    key: RunKey,
    by: String,
    /// What is said; nothing when it is that no more will come.
    message: Option<(String, String)>,
    wake: Option<Demand>,
}

impl Saying {
    fn say(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        news: &mut News,
    ) -> Result<Result<u64, Unheard>, Fault> {
        if pen.conversation(&self.key)?.is_none() {
            return Ok(Err(Unheard::Deaf));
        }
        if pen.has_ended(&self.key)? {
            return Ok(Err(Unheard::Ended));
        }
        let number = match &self.message {
            Some((parts, text)) => {
                let number = pen.say(&self.key, &self.by, parts, now)?;
                let line = json!({
                    "type": "message.added", "message_id": number, "by": self.by,
                    "text": preview(text, SHOWN_MAX),
                });
                tell(pen, &self.key, now, &line, news)?;
                number
            }
            None => {
                pen.hear_no_more(&self.key)?;
                0
            }
        };
        let open = pen.gates_of(&self.key)?.into_iter().find(|gate| gate.kind == "input" && gate.is_open());
        if let Some(gate) = open {
            self.open_the_gate(pen, now, &gate, news)?;
        }
        Ok(Ok(number))
    }

    fn open_the_gate(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        gate: &GateRow,
        news: &mut News,
    ) -> Result<(), Fault> {
        let settled = GateSettled {
            action: if self.message.is_some() { "answer".into() } else { "deny".into() },
            by: self.by.clone(),
            message: None,
            executed: None,
            remembered: None,
            at: now,
        };
        let state = if self.message.is_some() { "answered" } else { "denied" };
        pen.settle_gate(&self.key.tenant, gate.id(), state, &settled)?;
        let line = json!({
            "type": "gate.settled", "gate_id": gate.id(), "action": settled.action, "by": self.by,
            "step": gate.step,
        });
        tell(pen, &self.key, now, &line, news)?;
        self.wake = Some(wake(self.key.clone(), gate, &self.by));
        Ok(())
    }
}

fn tell(
    pen: &mut Pen<'_>,
    key: &RunKey,
    at: Timestamp,
    line: &serde_json::Value,
    news: &mut News,
) -> Result<(), Fault> {
    let envelope = line.to_string();
    let entry = NewEntry { kind: EntryKind::Effect, at, envelope: &envelope, payload: None };
    news.push((key.clone(), pen.append(key, entry)?));
    Ok(())
}

impl Work for Saying {
    type Outcome = Result<u64, Unheard>;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Self::Outcome, Fault> {
        self.say(pen, now, news)
    }

    fn demands(&mut self) -> Vec<Demand> {
        self.wake.take().into_iter().collect()
    }
}
