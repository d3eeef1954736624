//! [`Ledger`] over SQLite: the statements of the writer.

mod accounts;
mod effects;
mod family;
pub(crate) mod gates;
mod matching;
mod said;
pub(crate) mod sessions;
mod tries;

use std::collections::HashMap;

use mainspring_core::TimerId;
use mainspring_types::{AttemptNo, Digest, Hash, RunId, StepId, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

pub(crate) use self::{
    accounts::{LIMITS, amount, run_limit},
    effects::{effect_bytes, effect_from, hash_from, word_from},
    family::family,
};
pub use self::{
    accounts::{Spender, Spent},
    said::Node,
};
use crate::{Due, Entry, EntryKind, Fault, Key, Keyed, Ledger, NewEntry, Owed, Projection, RunKey, Version};

const APPEND: &str = "INSERT INTO entries (tenant, run, seq, kind, at, envelope, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7)";
const HEAD: &str = "SELECT coalesce(max(seq), 0)
FROM entries
WHERE tenant = $1 AND run = $2";
const LIFECYCLE: &str = "SELECT seq, kind, at, envelope, payload
FROM entries
WHERE tenant = $1 AND run = $2 AND kind = 1
ORDER BY seq";
const PROJECT: &str = "INSERT INTO runs (tenant, run, agent, version, method, status, reason, created_at, changed_at, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (tenant, run) DO UPDATE
SET status = excluded.status, reason = excluded.reason, changed_at = excluded.changed_at, ended_at = excluded.ended_at";
const OWE: &str = "INSERT INTO outbox (tenant, run, step, attempt, claimed)
VALUES ($1, $2, $3, $4, 0)
ON CONFLICT (tenant, run, step) DO UPDATE
SET attempt = excluded.attempt, claimed = 0";
const CLAIM: &str = "UPDATE outbox
SET claimed = $1
WHERE tenant = $2 AND run = $3 AND step = $4 AND attempt = $5";
const SETTLE: &str = "DELETE FROM outbox
WHERE tenant = $1 AND run = $2 AND step = $3 AND attempt = $4";
const OWED: &str = "SELECT tenant, run, step, attempt, claimed <> 0
FROM outbox
ORDER BY run, step";
const ARM: &str = "INSERT INTO timers (tenant, run, timer, due)
VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, run, timer) DO UPDATE
SET due = excluded.due";
const DISARM: &str = "DELETE FROM timers
WHERE tenant = $1 AND run = $2 AND timer = $3";
const TIMERS: &str = "SELECT tenant, run, timer, due
FROM timers
ORDER BY due, run, timer";
pub(crate) const KEYED: &str = "SELECT request, run
FROM idempotency
WHERE tenant = $1 AND caller = $2 AND route = $3 AND key = $4";
const REMEMBER: &str = "INSERT INTO idempotency (tenant, caller, route, key, request, run)
VALUES ($1, $2, $3, $4, $5, $6)";
const CATALOGUE: &str = "INSERT INTO versions (tenant, version, agent, document, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, version) DO NOTHING";
const PIN: &str = "INSERT INTO blobs (tenant, hash, size, pinned_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, hash) DO UPDATE
SET pinned_at = excluded.pinned_at";
const REFER: &str = "INSERT INTO blob_references (tenant, hash, run)
VALUES ($1, $2, $3)
ON CONFLICT (tenant, hash, run) DO NOTHING";

const OWN_STATEMENTS: &[&str] = &[
    APPEND, HEAD, LIFECYCLE, PROJECT, OWE, CLAIM, SETTLE, OWED, ARM, DISARM, TIMERS, KEYED, REMEMBER,
    CATALOGUE, PIN, REFER,
];

/// Every statement of the writer.
pub(crate) fn statements() -> Vec<&'static str> {
    [
        OWN_STATEMENTS,
        effects::STATEMENTS,
        matching::STATEMENTS,
        tries::STATEMENTS,
        said::STATEMENTS,
        gates::STATEMENTS,
        family::STATEMENTS,
        sessions::STATEMENTS,
        accounts::STATEMENTS,
    ]
    .concat()
}

/// The sequence numbers given last, so that appending reads nothing. Forgotten when a transaction is undone.
pub(crate) type Heads = HashMap<RunKey, u64>;

/// The record inside the writer's transaction.
///
/// What it writes stands under a savepoint, which the first write opens: a message that writes nothing costs nothing.
pub struct Pen<'a> {
    connection: &'a Connection,
    heads: &'a mut Heads,
    wrote: bool,
}

impl<'a> Pen<'a> {
    pub(crate) fn new(connection: &'a Connection, heads: &'a mut Heads) -> Self {
        Self { connection, heads, wrote: false }
    }

    /// Keeps what was written.
    pub(crate) fn keep(self) -> Result<(), Fault> {
        if self.wrote { self.run("RELEASE unit") } else { Ok(()) }
    }

    /// Takes back what was written, and forgets the numbers given for it.
    pub(crate) fn take_back(self) -> Result<(), Fault> {
        self.heads.clear();
        if self.wrote {
            self.run("ROLLBACK TO unit")?;
            self.run("RELEASE unit")?;
        }
        Ok(())
    }

    fn run(&self, statement: &str) -> Result<(), Fault> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }

    fn about_to_write(&mut self) -> Result<(), Fault> {
        if !self.wrote {
            self.run("SAVEPOINT unit")?;
            self.wrote = true;
        }
        Ok(())
    }

    fn execute(&mut self, statement: &str, values: &[&dyn ToSql]) -> Result<(), Fault> {
        self.about_to_write()?;
        self.connection.prepare_cached(statement)?.execute(values)?;
        Ok(())
    }

    fn rows<T>(
        &self,
        statement: &str,
        values: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Fault> {
        let mut statement = self.connection.prepare_cached(statement)?;
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The sequence number the run's next entry gets.
    fn next_seq(&mut self, key: &RunKey) -> Result<u64, Fault> {
        if let Some(head) = self.heads.get_mut(key) {
            *head += 1;
            return Ok(*head);
        }
        let head: i64 = self
            .connection
            .prepare_cached(HEAD)?
            .query_row((key.tenant.as_str(), run_bytes(key.run)), |row| row.get(0))?;
        let next = head.cast_unsigned() + 1;
        self.heads.insert(key.clone(), next);
        Ok(next)
    }
}

/// A run's id as stored.
pub(crate) fn run_bytes(run: RunId) -> [u8; 16] {
    run.as_u128().to_be_bytes()
}

/// A run's id as read from a column.
pub(crate) fn run_from(row: &Row<'_>, column: usize) -> rusqlite::Result<RunId> {
    Ok(RunId::from_u128(u128::from_be_bytes(row.get(column)?)))
}

/// A name as read from a column.
pub(crate) fn name_from<T: std::str::FromStr<Err = mainspring_types::InvalidName>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(column, error))
}

/// What a column holds is not what we wrote there.
pub(crate) fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Null, Box::new(error))
}

/// An entry whose columns are `seq, kind, at, envelope, payload`.
pub(crate) fn entry_from(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let kind: i64 = row.get(1)?;
    let kind = EntryKind::from_stored(kind)
        .ok_or_else(|| unreadable(1, std::io::Error::other(format!("no such kind of entry: {kind}"))))?;
    Ok(Entry {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        kind,
        at: Timestamp::from_millis(row.get(2)?),
        envelope: row.get(3)?,
        payload: row.get(4)?,
    })
}

impl Ledger for Pen<'_> {
    fn begin(&mut self, key: &RunKey) {
        self.heads.insert(key.clone(), 0);
    }

    fn append(&mut self, key: &RunKey, entry: NewEntry<'_>) -> Result<u64, Fault> {
        self.about_to_write()?;
        let seq = self.next_seq(key)?;
        self.connection.prepare_cached(APPEND)?.execute((
            key.tenant.as_str(),
            run_bytes(key.run),
            seq.cast_signed(),
            entry.kind as i64,
            entry.at.as_millis(),
            entry.envelope,
            entry.payload,
        ))?;
        Ok(seq)
    }

    fn lifecycle(&mut self, key: &RunKey) -> Result<Vec<Entry>, Fault> {
        self.rows(LIFECYCLE, &[&key.tenant.as_str(), &run_bytes(key.run)], entry_from)
    }

    fn project(&mut self, key: &RunKey, is: &Projection) -> Result<(), Fault> {
        self.execute(
            PROJECT,
            &[
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &is.agent,
                is.version.as_bytes(),
                &is.method,
                &is.status,
                &is.reason,
                &is.created_at.as_millis(),
                &is.changed_at.as_millis(),
                &is.ended_at.map(Timestamp::as_millis),
            ],
        )
    }

    fn owe(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault> {
        self.execute(OWE, &[&key.tenant.as_str(), &run_bytes(key.run), &step.as_str(), &attempt.0])
    }

    fn claim(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo, nonce: u64) -> Result<(), Fault> {
        let nonce = nonce.cast_signed();
        self.execute(CLAIM, &[&nonce, &key.tenant.as_str(), &run_bytes(key.run), &step.as_str(), &attempt.0])
    }

    fn settle(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) -> Result<(), Fault> {
        self.execute(SETTLE, &[&key.tenant.as_str(), &run_bytes(key.run), &step.as_str(), &attempt.0])
    }

    fn owed(&mut self) -> Result<Vec<Owed>, Fault> {
        self.rows(OWED, &[], |row| {
            Ok(Owed {
                key: RunKey { tenant: name_from(row, 0)?, run: run_from(row, 1)? },
                step: name_from(row, 2)?,
                attempt: AttemptNo(row.get(3)?),
                claimed: row.get(4)?,
            })
        })
    }

    fn abandon(&mut self, key: &RunKey, at: Timestamp) -> Result<(), Fault> {
        self.abandon_effects(key)?;
        self.withdraw_gates(key, at)
    }

    fn is_gate_settled(&mut self, key: &RunKey, gate: &Hash) -> Result<bool, Fault> {
        self.is_answered(key, gate)
    }

    fn expire_gate(&mut self, key: &RunKey, gate: &Hash, at: Timestamp) -> Result<Option<u64>, Fault> {
        self.take_default(key, gate, at)
    }

    fn has_ended(&mut self, key: &RunKey) -> Result<bool, Fault> {
        self.is_over(key)
    }

    fn children(&mut self, key: &RunKey) -> Result<Vec<RunId>, Fault> {
        self.live_children(key)
    }

    fn arm(&mut self, key: &RunKey, timer: &TimerId, due: Timestamp) -> Result<(), Fault> {
        let timer = serde_json::to_string(timer).expect("a timer id is plain data");
        self.execute(ARM, &[&key.tenant.as_str(), &run_bytes(key.run), &timer, &due.as_millis()])
    }

    fn disarm(&mut self, key: &RunKey, timer: &TimerId) -> Result<(), Fault> {
        let timer = serde_json::to_string(timer).expect("a timer id is plain data");
        self.execute(DISARM, &[&key.tenant.as_str(), &run_bytes(key.run), &timer])
    }

    fn timers(&mut self) -> Result<Vec<Due>, Fault> {
        self.rows(TIMERS, &[], |row| {
            let timer: String = row.get(2)?;
            Ok(Due {
                at: Timestamp::from_millis(row.get(3)?),
                key: RunKey { tenant: name_from(row, 0)?, run: run_from(row, 1)? },
                timer: serde_json::from_str(&timer).map_err(|error| unreadable(2, error))?,
            })
        })
    }

    fn keyed(&mut self, tenant: &TenantId, key: &Key) -> Result<Option<Keyed>, Fault> {
        let mut statement = self.connection.prepare_cached(KEYED)?;
        let found = statement.query_row((tenant.as_str(), &key.caller, &key.route, &key.key), |row| {
            Ok(Keyed { request: Hash::from_bytes(row.get(0)?), run: run_from(row, 1)? })
        });
        Ok(found.optional()?)
    }

    fn remember(&mut self, tenant: &TenantId, key: &Key, keyed: Keyed) -> Result<(), Fault> {
        let values: [&dyn ToSql; 6] = [
            &tenant.as_str(),
            &key.caller,
            &key.route,
            &key.key,
            keyed.request.as_bytes(),
            &run_bytes(keyed.run),
        ];
        self.execute(REMEMBER, &values)
    }

    fn catalogue(&mut self, tenant: &TenantId, is: &Version, at: Timestamp) -> Result<(), Fault> {
        let values: [&dyn ToSql; 5] =
            [&tenant.as_str(), is.version.as_bytes(), &is.agent, &is.document, &at.as_millis()];
        self.execute(CATALOGUE, &values)
    }

    fn pin(&mut self, tenant: &TenantId, digest: &Digest, at: Timestamp) -> Result<(), Fault> {
        let size = i64::try_from(digest.size).unwrap_or(i64::MAX);
        self.execute(PIN, &[&tenant.as_str(), digest.hash.as_bytes(), &size, &at.as_millis()])
    }

    fn refer(&mut self, key: &RunKey, hash: &Hash) -> Result<(), Fault> {
        self.execute(REFER, &[&key.tenant.as_str(), hash.as_bytes(), &run_bytes(key.run)])
    }
}
