//! Reading what is committed, beside the writer.

mod effects;
mod talk;

use std::sync::{Condvar, Mutex, PoisonError};

use mainspring_types::{Hash, RunId, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};

pub use self::effects::Used;
use crate::{
    Entry, Fault, Key, Keyed, RunKey, Version,
    pen::{KEYED, entry_from, run_bytes, run_from},
};

const RUN: &str = "SELECT run, agent, version, method, status, reason, created_at, changed_at, ended_at
FROM runs
WHERE tenant = $1 AND run = $2";
const LIST: &str = "SELECT run, agent, version, method, status, reason, created_at, changed_at, ended_at
FROM runs
WHERE tenant = $1 AND run < $2
ORDER BY run DESC
LIMIT $3";
const LIST_BY_STATUS: &str =
    "SELECT run, agent, version, method, status, reason, created_at, changed_at, ended_at
FROM runs
WHERE tenant = $1 AND status = $2 AND run < $3
ORDER BY run DESC
LIMIT $4";
const UNFINISHED: &str =
    "SELECT run, agent, version, method, status, reason, created_at, changed_at, ended_at
FROM runs
WHERE tenant = $1 AND status IN ('running', 'waiting', 'paused') AND run < $2
ORDER BY run DESC
LIMIT $3";
const ENTRIES: &str = "SELECT seq, kind, at, envelope, payload
FROM entries
WHERE tenant = $1 AND run = $2 AND seq > $3
ORDER BY seq
LIMIT $4";
const LAST_SEQ: &str = "SELECT coalesce(max(seq), 0)
FROM entries
WHERE tenant = $1 AND run = $2";
const VERSION: &str = "SELECT version, agent, document
FROM versions
WHERE tenant = $1 AND version = $2";

const OWN_STATEMENTS: &[&str] = &[RUN, LIST, LIST_BY_STATUS, UNFINISHED, ENTRIES, LAST_SEQ, VERSION];

/// Every statement of the readers.
pub(crate) fn statements() -> Vec<&'static str> {
    [OWN_STATEMENTS, effects::STATEMENTS, talk::STATEMENTS].concat()
}

/// A run as lists show it.
#[derive(Clone, PartialEq, Debug)]
pub struct RunRow {
    /// Its id.
    pub run: RunId,
    /// The agent, by name.
    pub agent: String,
    /// Its version.
    pub version: Hash,
    /// The method, for a package.
    pub method: Option<String>,
    /// How it stands.
    pub status: String,
    /// What it waits for.
    pub reason: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When `status` or `reason` last changed.
    pub changed_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Which runs to list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filter {
    /// All of them.
    All,
    /// Those that have not ended.
    Unfinished,
    /// Those of one stored status.
    Status(String),
}

/// Connections that read; each is used by one reader at a time.
pub struct Readers {
    idle: Mutex<Vec<Connection>>,
    freed: Condvar,
}

impl Readers {
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        Self { idle: Mutex::new(connections), freed: Condvar::new() }
    }

    /// The run, if the tenant has it.
    pub fn run(&self, key: &RunKey) -> Result<Option<RunRow>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(RUN)?;
            Ok(statement.query_row((key.tenant.as_str(), run_bytes(key.run)), run_row).optional()?)
        })
    }

    /// Runs older than `before`, newest first.
    pub fn list(
        &self,
        tenant: &TenantId,
        filter: &Filter,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunRow>, Fault> {
        let before = run_bytes(before.unwrap_or(RunId::from_u128(u128::MAX)));
        self.with(|connection| {
            let tenant = tenant.as_str();
            let rows = match filter {
                Filter::All => {
                    let mut statement = connection.prepare_cached(LIST)?;
                    let rows = statement.query_map((tenant, before, limit), run_row)?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()?
                }
                Filter::Unfinished => {
                    let mut statement = connection.prepare_cached(UNFINISHED)?;
                    let rows = statement.query_map((tenant, before, limit), run_row)?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()?
                }
                Filter::Status(status) => {
                    let mut statement = connection.prepare_cached(LIST_BY_STATUS)?;
                    let rows = statement.query_map((tenant, status, before, limit), run_row)?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()?
                }
            };
            Ok(rows)
        })
    }

    /// The run's entries after `after`, in order.
    pub fn entries(&self, key: &RunKey, after: u64, limit: u32) -> Result<Vec<Entry>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(ENTRIES)?;
            let values = (key.tenant.as_str(), run_bytes(key.run), after.cast_signed(), limit);
            let rows = statement.query_map(values, entry_from)?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }

    /// The sequence number of the run's latest entry; 0 when it has none.
    pub fn last_seq(&self, key: &RunKey) -> Result<u64, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(LAST_SEQ)?;
            let seq: i64 =
                statement.query_row((key.tenant.as_str(), run_bytes(key.run)), |row| row.get(0))?;
            Ok(seq.cast_unsigned())
        })
    }

    /// The version, if the tenant's catalogue has it.
    pub fn version(&self, tenant: &TenantId, version: &Hash) -> Result<Option<Version>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(VERSION)?;
            let found = statement.query_row((tenant.as_str(), version.as_bytes()), |row| {
                Ok(Version {
                    version: Hash::from_bytes(row.get(0)?),
                    agent: row.get(1)?,
                    document: row.get(2)?,
                })
            });
            Ok(found.optional()?)
        })
    }

    /// What an idempotency key stands for, if it was used.
    pub fn keyed(&self, tenant: &TenantId, key: &Key) -> Result<Option<Keyed>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(KEYED)?;
            let found = statement.query_row((tenant.as_str(), &key.caller, &key.route, &key.key), |row| {
                Ok(Keyed { request: Hash::from_bytes(row.get(0)?), run: run_from(row, 1)? })
            });
            Ok(found.optional()?)
        })
    }

    /// Lends a connection; waits for one when all are in use.
    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = loop {
            match idle.pop() {
                Some(connection) => break connection,
                None => idle = self.freed.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(idle);
        let read = read(&connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        self.freed.notify_one();
        read
    }
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        run: run_from(row, 0)?,
        agent: row.get(1)?,
        version: Hash::from_bytes(row.get(2)?),
        method: row.get(3)?,
        status: row.get(4)?,
        reason: row.get(5)?,
        created_at: Timestamp::from_millis(row.get(6)?),
        changed_at: Timestamp::from_millis(row.get(7)?),
        ended_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
    })
}
