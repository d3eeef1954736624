//! Effects, from their intent to their settlement.

use mainspring_types::{AttemptNo, EffectId, Hash, StepId};
use rusqlite::{OptionalExtension, Row};

use super::{Pen, run_bytes, unreadable};
use crate::{Called, EffectState, Fault, NewEffect, RunKey, Settlement, StoredBody};

const HOLDS: &str = "SELECT 1
FROM outbox
WHERE tenant = $1 AND run = $2 AND step = $3 AND attempt = $4 AND claimed = $5";
const INTEND: &str = "INSERT INTO effects (tenant, run, effect, step, attempt, route, key, occurrence, near, parent, previous,
    own, model, state, retryable, irreversible, superseded, delivered, tries, owner, request, answer, intended_at, settled_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'intended', 0, $14, 0, 0, 1, $15, $16, NULL, $17, NULL)";
const INTEND_AGAIN: &str = "UPDATE effects
SET state = 'intended', retryable = 0, owner = $1, tries = $2, delivered = 0, settled_at = NULL
WHERE tenant = $3 AND run = $4 AND effect = $5";
const SETTLE_EFFECT: &str = "UPDATE effects
SET state = $1, retryable = $2, answer = $3, settled_at = $4
WHERE tenant = $5 AND run = $6 AND effect = $7 AND owner = $8 AND tries = $9
    AND state IN ('intended', 'unknown')";
const BODY: &str = "INSERT INTO bodies (tenant, run, effect, packed, size, hash, body)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, effect) DO UPDATE
SET packed = excluded.packed, size = excluded.size, hash = excluded.hash, body = excluded.body";
const REQUESTED: &str = "SELECT request
FROM effects
WHERE tenant = $1 AND run = $2 AND effect = $3";
const CALLED: &str = "SELECT model, state, owner, tries, answer IS NOT NULL
FROM effects
WHERE tenant = $1 AND run = $2 AND effect = $3";
const SUPERSEDE: &str = "UPDATE effects
SET superseded = 1
WHERE tenant = $1 AND run = $2 AND effect = $3";
const DISOWN: &str = "UPDATE effects
SET state = 'unknown'
WHERE state = 'intended' AND owner <> $1";
const DISOWN_TRIES: &str = "UPDATE tries
SET state = 'unknown', ended_at = $1
WHERE state = 'intended' AND NOT EXISTS (SELECT 1
    FROM effects AS e
    WHERE e.tenant = tries.tenant AND e.run = tries.run AND e.effect = tries.effect AND e.state = 'intended'
        AND e.owner = $2)";
const ABANDON: &str = "UPDATE effects
SET state = 'abandoned'
WHERE tenant = $1 AND run = $2 AND state = 'intended'";

pub(crate) const STATEMENTS: &[&str] = &[
    HOLDS,
    INTEND,
    INTEND_AGAIN,
    SETTLE_EFFECT,
    BODY,
    REQUESTED,
    CALLED,
    SUPERSEDE,
    DISOWN,
    DISOWN_TRIES,
    ABANDON,
];

/// Effects.
impl Pen<'_> {
    /// Whether the number is that of the ticket under which a worker has the attempt.
    pub fn holds(
        &self,
        key: &RunKey,
        step: &StepId,
        (attempt, nonce): (AttemptNo, u64),
    ) -> Result<bool, Fault> {
        let values = (key.tenant.as_str(), run_bytes(key.run), step.as_str(), attempt.0, nonce.cast_signed());
        let held = self.connection.prepare_cached(HOLDS)?.query_row(values, |_| Ok(())).optional()?;
        Ok(held.is_some())
    }

    /// Writes an effect before it is sent for the first time.
    pub fn intend(&mut self, key: &RunKey, is: &NewEffect<'_>) -> Result<(), Fault> {
        self.execute(
            INTEND,
            &[
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &effect_bytes(is.id),
                &is.step.as_str(),
                &is.attempt.0,
                &is.identity.route,
                is.identity.key.as_bytes(),
                &is.occurrence,
                is.identity.near.as_bytes(),
                is.identity.parent.as_bytes(),
                &is.identity.previous.as_ref().map(Hash::as_bytes),
                is.identity.own.as_bytes(),
                &is.model,
                &is.irreversible,
                &is.owner.to_be_bytes(),
                &is.request,
                &is.at.as_millis(),
            ],
        )
    }

    /// Writes that an effect is about to be sent again, by `owner`, as try `number`.
    pub fn intend_again(
        &mut self,
        key: &RunKey,
        effect: EffectId,
        owner: u128,
        number: u32,
    ) -> Result<(), Fault> {
        self.execute(
            INTEND_AGAIN,
            &[
                &owner.to_be_bytes(),
                &number,
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &effect_bytes(effect),
            ],
        )
    }

    /// Settles an effect by its try `number`; says whether it was this try's to settle. A newer try, a run that has
    /// ended and another owner each leave the effect as it is.
    pub fn settle_effect(&mut self, key: &RunKey, number: u32, is: &Settlement<'_>) -> Result<bool, Fault> {
        self.about_to_write()?;
        let values: [&dyn rusqlite::ToSql; 9] = [
            &is.state.as_str(),
            &is.retryable,
            &is.answer,
            &is.at.as_millis(),
            &key.tenant.as_str(),
            &run_bytes(key.run),
            &effect_bytes(is.effect),
            &is.owner.to_be_bytes(),
            &number,
        ];
        Ok(self.connection.prepare_cached(SETTLE_EFFECT)?.execute(&values[..])? == 1)
    }

    /// The request of an effect, as it was written down.
    pub fn requested(&self, key: &RunKey, effect: EffectId) -> Result<String, Fault> {
        let values = (key.tenant.as_str(), run_bytes(key.run), effect_bytes(effect));
        Ok(self.connection.prepare_cached(REQUESTED)?.query_row(values, |row| row.get(0))?)
    }

    /// What an effect calls, and how it stands; `None` when the run has no such effect.
    pub fn called(&self, key: &RunKey, effect: EffectId) -> Result<Option<Called>, Fault> {
        let values = (key.tenant.as_str(), run_bytes(key.run), effect_bytes(effect));
        Ok(self.connection.prepare_cached(CALLED)?.query_row(values, called).optional()?)
    }

    /// Keeps the body of an effect's answer, in place of an earlier one.
    pub fn keep_body(&mut self, key: &RunKey, effect: EffectId, body: &StoredBody) -> Result<(), Fault> {
        self.execute(
            BODY,
            &[
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &effect_bytes(effect),
                &body.packed,
                &body.size.cast_signed(),
                &body.hash.as_ref().map(Hash::as_bytes),
                &body.bytes,
            ],
        )
    }

    /// Notes that an effect belongs to a conversation that went another way: it is never served again.
    pub fn supersede(&mut self, key: &RunKey, effect: EffectId) -> Result<(), Fault> {
        self.execute(SUPERSEDE, &[&key.tenant.as_str(), &run_bytes(key.run), &effect_bytes(effect)])
    }

    /// Notes that whoever had effects in flight is gone, but for `owner`: what became of them is unknown.
    pub fn disown(&mut self, owner: u128, at: mainspring_types::Timestamp) -> Result<(), Fault> {
        self.execute(DISOWN, &[&owner.to_be_bytes()])?;
        self.execute(DISOWN_TRIES, &[&at.as_millis(), &owner.to_be_bytes()])
    }

    pub(super) fn abandon_effects(&mut self, key: &RunKey) -> Result<(), Fault> {
        self.execute(ABANDON, &[&key.tenant.as_str(), &run_bytes(key.run)])
    }
}

fn called(row: &Row<'_>) -> rusqlite::Result<Called> {
    let owner = u128::from_be_bytes(row.get(2)?);
    let (name, state) = (row.get(0)?, word_from(row, 1, EffectState::from_stored)?);
    Ok(Called { name, state, owner, tries: row.get(3)?, told: row.get(4)? })
}

/// An effect's id as stored.
pub(crate) fn effect_bytes(effect: EffectId) -> [u8; 16] {
    effect.as_u128().to_be_bytes()
}

/// An effect's id as read from a column.
pub(crate) fn effect_from(row: &Row<'_>, column: usize) -> rusqlite::Result<EffectId> {
    Ok(EffectId::from_u128(u128::from_be_bytes(row.get(column)?)))
}

/// A word as read from a column, by what it stands for.
pub(crate) fn word_from<T>(
    row: &Row<'_>,
    column: usize,
    known: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    known(&word)
        .ok_or_else(|| unreadable(column, std::io::Error::other(format!("`{word}` is no known word"))))
}

/// A hash as read from a column.
pub(crate) fn hash_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    row.get(column).map(Hash::from_bytes)
}
