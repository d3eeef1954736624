//! Effects of a run, as they are listed.

use mainspring_types::{AttemptNo, EffectId, Timestamp};
use rusqlite::Row;

use super::Readers;
use crate::{
    Charge, EffectRow, EffectState, Fault, RunKey, RunLimit, Tokens,
    pen::{
        LIMITS, amount, effect_bytes, effect_from, family, hash_from, name_from, run_bytes, run_limit,
        word_from,
    },
};

const EFFECTS: &str = "SELECT e.effect, e.step, e.attempt, e.route, e.key, e.occurrence, e.model, e.state, e.superseded,
    e.tries, e.answer, e.intended_at, e.settled_at,
    coalesce((SELECT t.provider
        FROM tries AS t
        WHERE t.tenant = e.tenant AND t.run = e.run AND t.effect = e.effect AND t.try = e.tries), ''),
    (SELECT count(*)
        FROM served AS s
        WHERE s.tenant = e.tenant AND s.run = e.run AND s.effect = e.effect AND s.replayed = 1),
    coalesce(sum(t.input_tokens), 0), coalesce(sum(t.output_tokens), 0), coalesce(sum(t.cache_read_tokens), 0),
    coalesce(sum(t.cache_creation_tokens), 0), coalesce(sum(t.cost), 0), coalesce(sum(t.held_tokens), 0),
    coalesce(sum(t.held_cost), 0)
FROM effects AS e
LEFT JOIN tries AS t ON t.tenant = e.tenant AND t.run = e.run AND t.effect = e.effect
WHERE e.tenant = $1 AND e.run = $2 AND e.effect > $3
GROUP BY e.tenant, e.run, e.effect
ORDER BY e.effect
LIMIT $4";

/// What tries used, summed up.
macro_rules! used {
    () => {
        "SELECT coalesce(sum(t.input_tokens), 0), coalesce(sum(t.output_tokens), 0),
    coalesce(sum(t.cache_read_tokens), 0), coalesce(sum(t.cache_creation_tokens), 0), coalesce(sum(t.cost), 0),
    coalesce(sum(t.held_tokens), 0), coalesce(sum(t.held_cost), 0), count(*)
"
    };
}

const USED: &str = concat!(
    used!(),
    "FROM effects AS e
JOIN tries AS t ON t.tenant = e.tenant AND t.effect = e.effect
WHERE e.tenant = $1 AND e.run = $2"
);
const USED_BY_FAMILY: &str = concat!(
    family!(),
    used!(),
    "FROM family AS f
JOIN effects AS e ON e.tenant = f.tenant AND e.run = f.run
JOIN tries AS t ON t.tenant = e.tenant AND t.effect = e.effect"
);

pub(super) const STATEMENTS: &[&str] = &[EFFECTS, USED, USED_BY_FAMILY];

/// What a run's calls used.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Used {
    /// Tokens.
    pub tokens: Tokens,
    /// Money, in billionths of a dollar.
    pub cost: u64,
    /// What is set aside for calls that are not settled.
    pub held: Charge,
    /// How often one was sent.
    pub tries: u64,
}

/// Effects.
impl Readers {
    /// The effects of a run after `after`, in the order in which they were made.
    pub fn effects(
        &self,
        key: &RunKey,
        after: Option<EffectId>,
        limit: u32,
    ) -> Result<Vec<EffectRow>, Fault> {
        let after = effect_bytes(after.unwrap_or(EffectId::from_u128(0)));
        self.with(|connection| {
            let mut statement = connection.prepare_cached(EFFECTS)?;
            let values = (key.tenant.as_str(), run_bytes(key.run), after, limit);
            let rows = statement.query_map(values, effect_row)?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }

    /// What the calls of a run used so far.
    pub fn used(&self, key: &RunKey) -> Result<Used, Fault> {
        self.sum_up(USED, key)
    }

    /// The same with what the runs below it used: all of that counts against its budget.
    pub fn used_by_family(&self, key: &RunKey) -> Result<Used, Fault> {
        self.sum_up(USED_BY_FAMILY, key)
    }

    fn sum_up(&self, statement: &str, key: &RunKey) -> Result<Used, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(statement)?;
            let used = statement.query_row((key.tenant.as_str(), run_bytes(key.run)), |row| {
                Ok(Used {
                    tokens: tokens(row, 0)?,
                    cost: amount(row, 4)?,
                    held: Charge { tokens: amount(row, 5)?, cost: amount(row, 6)? },
                    tries: amount(row, 7)?,
                })
            });
            Ok(used?)
        })
    }

    /// The limits that the run was given.
    pub fn run_limits(&self, key: &RunKey) -> Result<Vec<RunLimit>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(LIMITS)?;
            let rows = statement.query_map((key.tenant.as_str(), run_bytes(key.run)), run_limit)?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }
}

fn effect_row(row: &Row<'_>) -> rusqlite::Result<EffectRow> {
    Ok(EffectRow {
        id: effect_from(row, 0)?,
        step: name_from(row, 1)?,
        attempt: AttemptNo(row.get(2)?),
        route: row.get(3)?,
        key: hash_from(row, 4)?,
        occurrence: row.get(5)?,
        model: row.get(6)?,
        state: word_from(row, 7, EffectState::from_stored)?,
        superseded: row.get(8)?,
        tries: row.get(9)?,
        answer: row.get(10)?,
        intended_at: Timestamp::from_millis(row.get(11)?),
        settled_at: row.get::<_, Option<i64>>(12)?.map(Timestamp::from_millis),
        provider: row.get(13)?,
        replays: row.get(14)?,
        tokens: tokens(row, 15)?,
        cost: amount(row, 19)?,
        held: Charge { tokens: amount(row, 20)?, cost: amount(row, 21)? },
    })
}

/// Tokens whose columns begin at `first`.
fn tokens(row: &Row<'_>, first: usize) -> rusqlite::Result<Tokens> {
    Ok(Tokens {
        input: amount(row, first)?,
        output: amount(row, first + 1)?,
        cache_read: amount(row, first + 2)?,
        cache_creation: amount(row, first + 3)?,
    })
}
