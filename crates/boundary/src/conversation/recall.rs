//! Where a conversation stands, read in one transaction.

use mainspring_store::{Fault, InboxRow, News, Pen, TurnRow};
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
        let inbox: Vec<Incoming> = pen.unheard(key)?.into_iter().map(incoming).collect();
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

pub(super) fn incoming(row: InboxRow) -> Incoming {
    Incoming { id: row.message, parts: row.parts }
}
