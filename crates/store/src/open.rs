//! Opening a data folder's database: pragmas, format, migrations.

use std::path::{Path, PathBuf};

use mainspring_types::{TenantId, Timestamp};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{Application, Batch, Fault, OpenError, Readers, Writer, batch::Journal};

/// The newest format this version reads and the one it writes.
pub const FORMAT: i64 = 3;

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/sqlite/0001_journal.sql"),
    include_str!("../migrations/sqlite/0002_boundary.sql"),
    include_str!("../migrations/sqlite/0003_conversation.sql"),
];

const ADD_TENANT: &str = "INSERT INTO tenants (tenant, created_at)
VALUES ($1, $2)
ON CONFLICT (tenant) DO NOTHING";

pub(crate) const STATEMENTS: &[&str] = &[ADD_TENANT];

/// Pages of write-ahead log after which it is folded back: 16 MB, so that a burst is not interrupted by it.
const CHECKPOINT_PAGES: u32 = 4_000;

/// How many statements stay prepared: all there are.
const STATEMENTS_KEPT: usize = 128;

/// How much of the database the writer keeps in memory at most, in kilobytes: the pages that many live runs write to.
const WRITER_CACHE_KB: i32 = 16 * 1024;

/// How a database is opened.
#[derive(Clone, Debug, Default)]
pub struct StoreOptions {
    /// The SQLite file layer to use instead of the system's own: tests put a recording one here.
    pub file_layer: Option<String>,
}

/// An opened database: start its writer, and read beside it.
pub struct Store {
    path: PathBuf,
    options: StoreOptions,
    journal: Journal,
}

impl Store {
    /// Opens or makes the database at `path`, checks its format and brings it up to date.
    pub fn open(path: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        let fault = |source: Fault| match source {
            Fault::Corrupt { detail } => OpenError::Corrupt { path: path.to_owned(), detail },
            source => OpenError::Fault { path: path.to_owned(), source },
        };
        let writer = connect(path, &options, OpenFlags::default()).map_err(fault)?;
        let found = format_of(&writer).map_err(fault)?;
        if found > FORMAT {
            return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
        check(&writer).map_err(fault)?;
        migrate(&writer, found).map_err(fault)?;
        Ok(Self { path: path.to_owned(), options, journal: Journal::new(writer) })
    }

    /// Connections that read beside the writer.
    pub fn readers(&self, connections: usize) -> Result<Readers, Fault> {
        let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = |_| connect(&self.path, &self.options, read_only);
        Ok(Readers::new((0..connections).map(open).collect::<Result<_, _>>()?))
    }

    /// Begins a transaction on the caller's thread, as the writer does on its own.
    pub fn begin(&mut self) -> Result<Batch<'_>, Fault> {
        self.journal.begin()
    }

    /// Starts the thread that writes for `application`.
    pub fn start<A: Application>(self, application: A) -> Result<Writer<A::Message>, Fault> {
        Writer::start(self.journal, application).map_err(|error| Fault::io(&error))
    }
}

fn connect(path: &Path, options: &StoreOptions, flags: OpenFlags) -> Result<Connection, Fault> {
    let connection = match &options.file_layer {
        None => Connection::open_with_flags(path, flags)?,
        Some(layer) => Connection::open_with_flags_and_vfs(path, flags, layer.as_str())?,
    };
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Plans depend on no value: without this, whatever may use a partial index is parsed again for every call.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if !flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        // Negative: kilobytes and not pages. What a batch has written stays there until its commit.
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KB)?;
        connection.pragma_update(None, "cache_spill", false)?;
        // What a savepoint needs to be undone is kept in memory; no other temporary data is made.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
    }
    Ok(connection)
}

fn format_of(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Reads the schema and the head of every table, so that damage is met now and not by a run.
fn check(connection: &Connection) -> Result<(), Fault> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(());
    }
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names =
        statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    for name in names {
        let mut head = connection.prepare(&format!("SELECT * FROM \"{name}\" LIMIT 1"))?;
        let mut rows = head.query([])?;
        rows.next()?;
    }
    Ok(())
}

fn migrate(connection: &Connection, found: i64) -> Result<(), Fault> {
    let pending = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0));
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for migration in pending {
        connection.execute_batch(migration)?;
    }
    connection.execute(ADD_TENANT, (TenantId::sole().as_str(), Timestamp::now().as_millis()))?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}
