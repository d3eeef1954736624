//! Where a conversation stands, and what its next turn answers, in one transaction.

use mainspring_store::{Fault, News, Pen, RunKey, TurnRow};
use mainspring_types::Timestamp;
use serde_json::value::RawValue;

use super::{Incoming, Recalled};
use crate::{Pass, journal::unpack, work::Work};

pub(super) struct Recall {
    pub(super) pass: Pass,
    pub(super) turns_max: Option<u32>,
}

impl Work for Recall {
    type Outcome = Option<Standing>;

    fn write(&mut self, pen: &mut Pen<'_>, _: Timestamp, _: &mut News) -> Result<Option<Standing>, Fault> {
        let Pass { key, step, attempt, nonce, .. } = &self.pass;
        let held = pen.holds(key, step, (*attempt, *nonce))?;
        let Some(part) = pen.conversation(key)?.filter(|_| held) else { return Ok(None) };
        let last = pen.last_turn(&key.tenant, part.session)?;
        let after = last.saturating_sub(self.turns_max.unwrap_or(u32::MAX));
        let turns = pen.turns(&key.tenant, part.session, after)?;
        let inbox = take_up(pen, key, last + 1)?;
        if inbox.is_empty() && !part.waits {
            pen.hear_nothing(key)?;
        }
        Ok(Some(Standing { turns, next_turn: last + 1, inbox, done: !part.waits }))
    }
}

/// Where a conversation stands, its turns still packed: unpacking them is not the writer's work.
pub(super) struct Standing {
    turns: Vec<TurnRow>,
    next_turn: u32,
    inbox: Vec<Incoming>,
    done: bool,
}

impl Standing {
    pub(super) fn unpack(self) -> Result<Recalled, Fault> {
        let Self { turns, next_turn, inbox, done } = self;
        let mut history = Vec::new();
        for turn in turns {
            history.extend(messages(turn)?);
        }
        Ok(Recalled { history, next_turn, inbox, done })
    }
}

/// What was said in a turn, message by message.
pub fn messages(turn: TurnRow) -> Result<Vec<Box<RawValue>>, Fault> {
    let number = turn.turn;
    let body = unpack(turn.packed, turn.body)?;
    serde_json::from_slice(&body)
        .map_err(|error| Fault::Corrupt { detail: format!("the messages of turn {number}: {error}") })
}

/// The messages that the turn answers: what waits when it is first asked for, and the same for every attempt at it. What
/// comes later waits for the turn after it: were it put into this one, a repeated attempt would be another conversation,
/// and what was recorded of the first would be done once more.
pub(super) fn take_up(pen: &mut Pen<'_>, key: &RunKey, turn: u32) -> Result<Vec<Incoming>, Fault> {
    let mut messages = pen.taken_up(key, turn)?;
    if messages.is_empty() {
        messages = pen.unheard(key)?;
        for message in &messages {
            pen.heard(key, message.message, turn)?;
        }
    }
    Ok(messages.into_iter().map(|row| Incoming { id: row.message, parts: row.parts }).collect())
}
