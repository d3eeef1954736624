//! What a request is compared with, and what attempts were given of it.

use mainspring_types::{AttemptNo, EffectId, Hash, StepId};
use rusqlite::{OptionalExtension, Row};

use super::{
    Pen,
    effects::{effect_bytes, effect_from, hash_from, word_from},
    run_bytes,
};
use crate::{Candidate, EffectState, Fault, Identity, Mine, Recorded, RunKey, StoredBody, Unconsumed};

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

pub(crate) const STATEMENTS: &[&str] =
    &[CANDIDATES, UNCONSUMED, EXPECTS, RECORDED, SERVE, DELIVERED, DELIVERED_AGAIN];

/// Matching.
impl Pen<'_> {
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
        state: word_from(row, 3, EffectState::from_stored)?,
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
        state: word_from(row, 7, EffectState::from_stored)?,
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
