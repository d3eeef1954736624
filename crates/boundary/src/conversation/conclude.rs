//! The end of a turn, and what follows it.

use std::time::Duration;

use mainspring_store::{Demand, Fault, GateRow, News, Pen, TurnRow};
use mainspring_types::{GateDefault, GateId, GateKind, SessionId, Timestamp};
use serde_json::{json, value::RawValue};

use super::{Concluded, gate_after, recall::take_up};
use crate::{
    Pass,
    broker::{
        end_children,
        lines::{self, preview},
    },
    journal::pack,
    work::Work,
};

/// How much of the agent's last words a line shows.
const SHOWN_MAX: usize = 8_000;

/// How much of the first message names a session.
const TITLE_MAX: usize = 80;

/// A turn as it is concluded. Without messages nothing was said, and only what comes next is waited for.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Its number.
    pub number: u32,
    /// What was said, message by message.
    pub messages: Vec<Box<RawValue>>,
    /// What the agent said at its end.
    pub text: String,
}

pub(super) struct Conclude {
    pub(super) pass: Pass,
    pub(super) turn: Turn,
    pub(super) deadline: Option<Duration>,
    pub(super) demands: Vec<Demand>,
}

impl Conclude {
    /// Writes the turn, unless an earlier telling of it did.
    fn keep(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        session: SessionId,
        news: &mut News,
    ) -> Result<(), Fault> {
        let (key, turn) = (&self.pass.key, &self.turn);
        if turn.messages.is_empty() || pen.last_turn(&key.tenant, session)? >= turn.number {
            return Ok(());
        }
        let messages = serde_json::to_vec(&turn.messages).expect("raw JSON serialises");
        let (packed, body) = pack(&messages);
        let row = TurnRow {
            turn: turn.number,
            run: key.run,
            at: now,
            text: turn.text.clone(),
            packed,
            body: body.into_owned(),
        };
        pen.conclude(&key.tenant, session, &row, title(&turn.messages).as_deref())?;
        let text = preview(&turn.text, SHOWN_MAX);
        let line = json!({ "type": "turn.ended", "turn": turn.number, "text": text });
        self.withdraw(pen, now, news)?;
        self.tell(pen, now, line, news)
    }

    /// Withdraws the gates at which calls of the turn waited when it was broken off, and ends the sub-agents that worked
    /// for it: what they come to would come to nothing.
    fn withdraw(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<(), Fault> {
        let key = &self.pass.key;
        self.demands.extend(end_children(pen, key, "the turn that started it is over")?);
        for gate in pen.open_gates(key)? {
            self.tell(pen, now, lines::settled(gate.id(), "withdraw", "the end of the turn", None), news)?;
        }
        pen.withdraw_gates(key, now)
    }

    /// Opens the gate for the next message, unless it is open.
    fn wait(&self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Concluded, Fault> {
        let Pass { key, step, .. } = &self.pass;
        let hash = gate_after(&self.pass, self.turn.number);
        if let Some(gate) = pen.gate(&key.tenant, GateId::of(&hash))? {
            return Ok(Concluded::Gate { gate: hash, deadline: gate.deadline });
        }
        let deadline = self.deadline.map(|after| now.after(after));
        let asked = "the agent is done with its turn and waits for the next message";
        let kind = (GateKind::Input, GateDefault::End);
        let gate = GateRow {
            question: Some(asked.into()),
            deadline,
            ..GateRow::new(hash, (key.run, step.clone()), kind, now)
        };
        pen.ask(&key.tenant, &gate)?;
        self.tell(pen, now, lines::opened(&gate), news)?;
        Ok(Concluded::Gate { gate: hash, deadline })
    }

    fn tell(
        &self,
        pen: &mut Pen<'_>,
        at: Timestamp,
        line: serde_json::Value,
        news: &mut News,
    ) -> Result<(), Fault> {
        news.push(lines::append(pen, &self.pass, at, line)?);
        Ok(())
    }
}

impl Work for Conclude {
    type Outcome = Concluded;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Concluded, Fault> {
        let Pass { key, step, attempt, nonce, .. } = &self.pass;
        let held = pen.holds(key, step, (*attempt, *nonce))?;
        let Some(part) = pen.conversation(key)?.filter(|_| held) else { return Ok(Concluded::Abandon) };
        self.keep(pen, now, part.session, news)?;
        let key = &self.pass.key;
        let next = take_up(pen, key, self.turn.number + 1)?;
        if !next.is_empty() {
            let interrupted = self.turn.number > 0 && part.interrupted == self.turn.number;
            return Ok(if interrupted { Concluded::Next } else { Concluded::Messages(next) });
        }
        if part.waits {
            return self.wait(pen, now, news);
        }
        pen.hear_nothing(key)?;
        Ok(Concluded::Over)
    }

    fn demands(&mut self) -> Vec<Demand> {
        std::mem::take(&mut self.demands)
    }
}

/// The beginning of the first text that was said.
fn title(messages: &[Box<RawValue>]) -> Option<String> {
    let first: serde_json::Value = serde_json::from_str(messages.first()?.get()).ok()?;
    let text = first["parts"].as_array()?.iter().find_map(|part| part["text"].as_str())?;
    let line = text.trim().lines().next()?;
    Some(preview(line, TITLE_MAX).to_owned())
}
