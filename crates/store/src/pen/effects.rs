//! Effects and their tries, inside the writer's transaction.

use mainspring_types::{AttemptNo, EffectId, Hash, StepId};
use rusqlite::{OptionalExtension, Row};

use super::{Pen, run_bytes, unreadable};
use crate::{
    Candidate, EffectState, Fault, Identity, Mine, NewEffect, NewTry, Recorded, RunKey, Settlement,
    StoredBody, TryEnd, Unconsumed,
};

const HOLDS: &str = "SELECT 1
FROM outbox
WHERE tenant = $1 AND run = $2 AND step = $3 AND attempt = $4 AND claimed = $5";
// A failure was survived when its attempt asked on in the conversation, or asked anew once it had failed. What only begins
// with the same prompt is another conversation, and may have been under way.
//
// `coalesce` keeps SQLite from the primary key, by which it would go through all effects of the run.
const CANDIDATES: &str = "SELECT e.effect, e.attempt, e.occurrence, e.state, e.retryable, e.irreversible, e.superseded,
    e.tries, e.owner, e.delivered, s.delivered,
    CASE WHEN e.state = 'failed' THEN EXISTS (SELECT 1
        FROM effects AS later
        WHERE coalesce(later.tenant, '') = e.tenant AND later.run = e.run AND later.previous = e.own AND later.effect > e.effect
            AND later.step = e.step AND later.attempt = e.attempt)
    OR EXISTS (SELECT 1
        FROM effects AS later
        WHERE coalesce(later.tenant, '') = e.tenant AND later.run = e.run AND later.parent = e.parent AND later.effect > e.effect
            AND later.step = e.step AND later.attempt = e.attempt AND later.key <> e.key
            AND later.intended_at >= e.settled_at AND (e.previous IS NOT NULL OR later.own = e.own))
    ELSE 1 = 0 END,
    CASE WHEN e.attempt = $1 OR s.attempt IS NOT NULL THEN EXISTS (SELECT 1
        FROM effects AS later
        LEFT JOIN served AS given ON given.tenant = later.tenant AND given.run = later.run
            AND given.effect = later.effect AND given.attempt = $1
        WHERE coalesce(later.tenant, '') = e.tenant AND later.run = e.run AND later.previous = e.own AND later.effect > e.effect
            AND (later.attempt = $1 OR given.attempt IS NOT NULL))
    ELSE 1 = 0 END
FROM effects AS e
LEFT JOIN served AS s ON s.tenant = e.tenant AND s.run = e.run AND s.effect = e.effect AND s.attempt = $1
WHERE e.tenant = $2 AND e.run = $3 AND e.step = $4 AND e.route = $5 AND e.key = $6
ORDER BY e.occurrence";
const UNCONSUMED: &str =
    "SELECT e.effect, e.route, e.key, e.near, e.parent, e.previous, e.own, e.state, e.irreversible
FROM effects AS e
WHERE e.tenant = $1 AND e.run = $2 AND e.step = $3 AND e.attempt < $4 AND e.superseded = 0
    AND e.state <> 'abandoned'
    AND NOT EXISTS (SELECT 1
        FROM served AS s
        WHERE s.tenant = e.tenant AND s.run = e.run AND s.effect = e.effect AND s.attempt = $4)
ORDER BY e.effect";
const EXPECTS: &str = "SELECT 1
FROM effects AS e
WHERE coalesce(e.tenant, '') = $1 AND e.run = $2 AND e.parent = $3 AND e.step = $4 AND e.attempt < $5 AND e.superseded = 0
    AND e.state IN ('committed', 'failed')
    AND NOT EXISTS (SELECT 1
        FROM served AS s
        WHERE s.tenant = e.tenant AND s.run = e.run AND s.effect = e.effect AND s.attempt = $5)
LIMIT 1";
const INTEND: &str = "INSERT INTO effects (tenant, run, effect, step, attempt, route, key, occurrence, near, parent, previous,
    own, model, state, retryable, irreversible, superseded, delivered, tries, owner, request, answer, intended_at, settled_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'intended', 0, $14, 0, 0, 1, $15, $16, NULL, $17, NULL)";
const INTEND_AGAIN: &str = "UPDATE effects
SET state = 'intended', owner = $1, tries = $2, delivered = 0, settled_at = NULL
WHERE tenant = $3 AND run = $4 AND effect = $5";
const TRY: &str =
    "INSERT INTO tries (tenant, run, effect, try, agent, provider, state, held_tokens, held_cost, began_at)
VALUES ($1, $2, $3, $4, $5, $6, 'intended', $7, $8, $9)";
const END_TRY: &str = "UPDATE tries
SET state = $1, input_tokens = $2, output_tokens = $3, cache_read_tokens = $4, cache_creation_tokens = $5, cost = $6,
    response = coalesce($7, response), ended_at = $8,
    held_tokens = CASE WHEN $1 = 'unknown' THEN held_tokens ELSE 0 END,
    held_cost = CASE WHEN $1 = 'unknown' THEN held_cost ELSE 0 END
WHERE tenant = $9 AND run = $10 AND effect = $11 AND try = $12";
const RESPONSE: &str = "UPDATE tries
SET response = $1
WHERE tenant = $2 AND run = $3 AND effect = $4 AND try = $5";
const SETTLE_EFFECT: &str = "UPDATE effects
SET state = $1, retryable = $2, answer = $3, settled_at = $4
WHERE tenant = $5 AND run = $6 AND effect = $7 AND owner = $8 AND tries = $9
    AND state IN ('intended', 'unknown')";
const BODY: &str = "INSERT INTO bodies (tenant, run, effect, packed, size, hash, body)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, effect) DO UPDATE
SET packed = excluded.packed, size = excluded.size, hash = excluded.hash, body = excluded.body";
const RECORDED: &str = "SELECT e.answer, b.packed, b.size, b.hash, b.body
FROM effects AS e
LEFT JOIN bodies AS b ON b.tenant = e.tenant AND b.run = e.run AND b.effect = e.effect
WHERE e.tenant = $1 AND e.run = $2 AND e.effect = $3";
const SERVE: &str = "INSERT INTO served (tenant, run, step, attempt, effect, delivered, replayed)
VALUES ($1, $2, $3, $4, $5, 0, $6)
ON CONFLICT (tenant, run, effect, attempt) DO UPDATE
SET delivered = 0";
const DELIVERED: &str = "UPDATE effects
SET delivered = 1
WHERE tenant = $1 AND run = $2 AND effect = $3 AND attempt = $4";
const DELIVERED_AGAIN: &str = "UPDATE served
SET delivered = 1
WHERE tenant = $1 AND run = $2 AND effect = $3 AND attempt = $4";
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
    CANDIDATES,
    UNCONSUMED,
    EXPECTS,
    INTEND,
    INTEND_AGAIN,
    TRY,
    END_TRY,
    RESPONSE,
    SETTLE_EFFECT,
    BODY,
    RECORDED,
    SERVE,
    DELIVERED,
    DELIVERED_AGAIN,
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

    /// The effects of the step with this route and key, as the attempt sees them, in the order of their occurrence.
    pub fn candidates(
        &self,
        key: &RunKey,
        step: &StepId,
        attempt: AttemptNo,
        identity: &Identity,
    ) -> Result<Vec<Candidate>, Fault> {
        let run = run_bytes(key.run);
        self.rows(
            CANDIDATES,
            &[
                &attempt.0,
                &key.tenant.as_str(),
                &run,
                &step.as_str(),
                &identity.route,
                identity.key.as_bytes(),
            ],
            |row| candidate(row, attempt),
        )
    }

    /// What earlier attempts of the step recorded and this one was not given, oldest first.
    pub fn unconsumed(
        &self,
        key: &RunKey,
        step: &StepId,
        attempt: AttemptNo,
    ) -> Result<Vec<Unconsumed>, Fault> {
        let run = run_bytes(key.run);
        self.rows(UNCONSUMED, &[&key.tenant.as_str(), &run, &step.as_str(), &attempt.0], unconsumed)
    }

    /// Whether earlier attempts of the step recorded something after `parent` that this one was not given.
    pub fn expects(
        &self,
        key: &RunKey,
        step: &StepId,
        attempt: AttemptNo,
        parent: &Hash,
    ) -> Result<bool, Fault> {
        let values = (key.tenant.as_str(), run_bytes(key.run), parent.as_bytes(), step.as_str(), attempt.0);
        let found = self.connection.prepare_cached(EXPECTS)?.query_row(values, |_| Ok(())).optional()?;
        Ok(found.is_some())
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

    /// Writes a try before it is sent.
    pub fn begin_try(&mut self, key: &RunKey, is: &NewTry<'_>) -> Result<(), Fault> {
        self.execute(
            TRY,
            &[
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &effect_bytes(is.effect),
                &is.number,
                &is.agent,
                &is.provider,
                &is.held.tokens.cast_signed(),
                &is.held.cost.cast_signed(),
                &is.at.as_millis(),
            ],
        )
    }

    /// Writes the provider's id of an answer as soon as it is known.
    pub fn identify(
        &mut self,
        key: &RunKey,
        (effect, number): (EffectId, u32),
        response: &str,
    ) -> Result<(), Fault> {
        self.execute(
            RESPONSE,
            &[&response, &key.tenant.as_str(), &run_bytes(key.run), &effect_bytes(effect), &number],
        )
    }

    /// Writes how a try ended and what it used.
    pub fn end_try(&mut self, key: &RunKey, is: &TryEnd<'_>) -> Result<(), Fault> {
        self.execute(
            END_TRY,
            &[
                &is.state.as_str(),
                &is.tokens.input.cast_signed(),
                &is.tokens.output.cast_signed(),
                &is.tokens.cache_read.cast_signed(),
                &is.tokens.cache_creation.cast_signed(),
                &is.cost.cast_signed(),
                &is.response,
                &is.at.as_millis(),
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &effect_bytes(is.effect),
                &is.number,
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

    /// The recorded answer of an effect.
    pub fn recorded(&self, key: &RunKey, effect: EffectId) -> Result<Option<Recorded>, Fault> {
        let values = (key.tenant.as_str(), run_bytes(key.run), effect_bytes(effect));
        Ok(self.connection.prepare_cached(RECORDED)?.query_row(values, recorded).optional()?)
    }

    /// Notes that an attempt is given an effect that it did not make.
    pub fn serve(
        &mut self,
        key: &RunKey,
        (step, attempt): (&StepId, AttemptNo),
        effect: EffectId,
        replayed: bool,
    ) -> Result<(), Fault> {
        self.execute(
            SERVE,
            &[
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &step.as_str(),
                &attempt.0,
                &effect_bytes(effect),
                &replayed,
            ],
        )
    }

    /// Notes that an attempt got all of an effect's answer.
    pub fn delivered(&mut self, key: &RunKey, effect: EffectId, attempt: AttemptNo) -> Result<(), Fault> {
        self.about_to_write()?;
        let values = (key.tenant.as_str(), run_bytes(key.run), effect_bytes(effect), attempt.0);
        let made = self.connection.prepare_cached(DELIVERED)?.execute(values)?;
        if made == 0 {
            // It did not make the effect: it was given it.
            self.connection.prepare_cached(DELIVERED_AGAIN)?.execute(values)?;
        }
        Ok(())
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

/// An effect's id as stored.
pub(crate) fn effect_bytes(effect: EffectId) -> [u8; 16] {
    effect.as_u128().to_be_bytes()
}

/// An effect's id as read from a column.
pub(crate) fn effect_from(row: &Row<'_>, column: usize) -> rusqlite::Result<EffectId> {
    Ok(EffectId::from_u128(u128::from_be_bytes(row.get(column)?)))
}

/// A state as read from a column.
pub(crate) fn state_from(row: &Row<'_>, column: usize) -> rusqlite::Result<EffectState> {
    let word: String = row.get(column)?;
    EffectState::from_stored(&word).ok_or_else(|| {
        unreadable(column, std::io::Error::other(format!("no such state of an effect: {word}")))
    })
}

/// A hash as read from a column.
pub(crate) fn hash_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    row.get(column).map(Hash::from_bytes)
}

fn candidate(row: &Row<'_>, asking: AttemptNo) -> rusqlite::Result<Candidate> {
    let attempt = AttemptNo(row.get(1)?);
    let made: bool = row.get(9)?;
    let served: Option<bool> = row.get(10)?;
    let continued = row.get(12)?;
    let mine = match served {
        Some(delivered) => Mine::Yes { delivered, continued },
        None if attempt == asking => Mine::Yes { delivered: made, continued },
        None => Mine::No,
    };
    Ok(Candidate {
        id: effect_from(row, 0)?,
        attempt,
        occurrence: row.get(2)?,
        state: state_from(row, 3)?,
        retryable: row.get(4)?,
        irreversible: row.get(5)?,
        superseded: row.get(6)?,
        tries: row.get(7)?,
        owner: u128::from_be_bytes(row.get(8)?),
        mine,
        continued: row.get(11)?,
    })
}

fn unconsumed(row: &Row<'_>) -> rusqlite::Result<Unconsumed> {
    let previous: Option<[u8; 32]> = row.get(5)?;
    Ok(Unconsumed {
        id: effect_from(row, 0)?,
        identity: Identity {
            route: row.get(1)?,
            key: hash_from(row, 2)?,
            near: hash_from(row, 3)?,
            parent: hash_from(row, 4)?,
            previous: previous.map(Hash::from_bytes),
            own: hash_from(row, 6)?,
        },
        state: state_from(row, 7)?,
        irreversible: row.get(8)?,
    })
}

/// An answer whose columns are `answer, packed, size, hash, body`.
pub(crate) fn recorded(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let packed: Option<bool> = row.get(1)?;
    let body = match packed {
        None => None,
        Some(packed) => Some(StoredBody {
            packed,
            size: row.get::<_, i64>(2)?.cast_unsigned(),
            hash: row.get::<_, Option<[u8; 32]>>(3)?.map(Hash::from_bytes),
            bytes: row.get(4)?,
        }),
    };
    Ok(Recorded { answer: row.get(0)?, body })
}
