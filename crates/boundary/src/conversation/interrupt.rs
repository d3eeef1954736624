//! A person breaks a turn off. What is recorded of the turn by then is what there will be: nothing new is begun in it.
//!
//! That is a fact of the conversation, written before anybody is told, so that neither a crash nor a wait makes it
//! vanish: the attempt at work is told, one that waits is woken, and whichever goes on with the turn finds what is
//! recorded of it, and an end where more would begin.

use mainspring_core::{Ask, Principal, Request};
use mainspring_store::{Conversation, Demand, Fault, Ledger as _, News, Pen, RunKey, Submit};
use mainspring_types::{RequestId, Timestamp};
use serde_json::json;

use crate::{
    broker::{end_children, lines, wake},
    work::{self, Work},
};

/// Why nothing is interrupted. Nothing was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Uninterrupted {
    /// The run does not go on after its turn: to interrupt that is to end the run.
    EndsWithIt,
    /// No turn is under way.
    AtRest,
    /// The run was told to end.
    Stopping,
    /// The run has ended.
    Ended,
}

/// Breaks off the turn that a run is in, which goes on with further messages; durable, and its sub-agents told to end,
/// once this returns. Twice is as once.
pub async fn interrupt(submit: &Submit, key: RunKey, by: &str) -> Result<Result<(), Uninterrupted>, Fault> {
    work::ask(submit, Interrupting { key, by: by.to_owned(), demands: Vec::new() }).await
}

struct Interrupting {
    key: RunKey,
    by: String,
    demands: Vec<Demand>,
}

impl Interrupting {
    /// The number of the turn under way, or why there is none to break off.
    fn turn(&self, pen: &mut Pen<'_>) -> Result<Result<(u32, Conversation), Uninterrupted>, Fault> {
        let key = &self.key;
        let Some(part) = pen.conversation(key)?.filter(|part| part.waits) else {
            return Ok(Err(Uninterrupted::EndsWithIt));
        };
        if pen.has_ended(key)? {
            return Ok(Err(Uninterrupted::Ended));
        }
        if pen.is_stopping(key)? {
            return Ok(Err(Uninterrupted::Stopping));
        }
        let turn = pen.last_turn(&key.tenant, part.session)? + 1;
        let at_rest = pen.taken_up(key, turn)?.is_empty() && pen.unheard(key)?.is_empty();
        Ok(if at_rest { Err(Uninterrupted::AtRest) } else { Ok((turn, part)) })
    }

    /// Writes that the turn is broken off, withdraws what it waits for, and wakes the run that waits for it.
    fn break_off(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        turn: u32,
        news: &mut News,
    ) -> Result<(), Fault> {
        let key = &self.key;
        pen.interrupt(key, turn)?;
        let line = json!({ "type": "turn.interrupted", "turn": turn, "by": self.by });
        news.push(lines::append_to(pen, key, now, &line)?);
        let interrupt =
            Request { id: RequestId::generate(), by: Principal::User(self.by.clone()), ask: Ask::Interrupt };
        self.demands.push(Demand::Ask { key: key.clone(), request: Box::new(interrupt) });
        for gate in pen.open_gates(key)? {
            let line = lines::settled(gate.id(), "withdraw", &self.by, None);
            news.push(lines::append_of(pen, key, &gate.step, now, line)?);
            self.demands.push(wake(key.clone(), &gate, &self.by));
        }
        pen.withdraw_gates(key, now)?;
        self.demands.extend(end_children(pen, key, "the turn that started it was interrupted")?);
        Ok(())
    }
}

impl Work for Interrupting {
    type Outcome = Result<(), Uninterrupted>;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Self::Outcome, Fault> {
        let (turn, part) = match self.turn(pen)? {
            Ok(found) => found,
            Err(uninterrupted) => return Ok(Err(uninterrupted)),
        };
        if part.interrupted < turn {
            self.break_off(pen, now, turn, news)?;
        }
        Ok(Ok(()))
    }

    fn demands(&mut self) -> Vec<Demand> {
        std::mem::take(&mut self.demands)
    }
}
