//! One transaction of the writer: units of work under savepoints, durable together or not at all.

use rusqlite::Connection;

use crate::{Fault, Pen, pen::Heads};

/// Beyond this many runs, sequence numbers are looked up again instead of remembered.
const HEADS_MAX: usize = 65_536;

/// The connection that writes, and the sequence numbers it gave last.
pub(crate) struct Journal {
    connection: Connection,
    heads: Heads,
}

impl Journal {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, heads: Heads::new() }
    }

    pub(crate) fn begin(&mut self) -> Result<Batch<'_>, Fault> {
        if self.heads.len() > HEADS_MAX {
            self.heads.clear();
        }
        run(&self.connection, "BEGIN IMMEDIATE")?;
        Ok(Batch { connection: &self.connection, heads: &mut self.heads })
    }

    /// Folds the write-ahead log back into the database file, so that whoever copies that file alone has everything.
    ///
    /// SQLite does so by itself only when the last connection closes, and readers may be open until the process ends.
    pub(crate) fn fold_back(&self) {
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = folded {
            tracing::warn!(%error, "the write-ahead log was not folded back; the next start reads it");
        }
    }

    /// Whether a transaction is open that could neither be committed nor rolled back.
    pub(crate) fn is_stuck(&self) -> bool {
        !self.connection.is_autocommit()
    }
}

/// Units of work that become durable together. Dropped without [`Batch::commit`], none of them happened.
pub struct Batch<'a> {
    connection: &'a Connection,
    heads: &'a mut Heads,
}

impl Batch<'_> {
    /// One unit under a savepoint, so that a refused statement does not take its neighbours with it.
    ///
    /// A refusal undoes this unit alone and is logged; after any other fault the batch can only be dropped.
    pub fn unit(&mut self, write: impl FnOnce(&mut Pen<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut pen = Pen::new(self.connection, self.heads);
        match write(&mut pen) {
            Ok(()) => pen.keep(),
            Err(Fault::Refused { detail }) => {
                tracing::error!(detail, "a message was refused by the store");
                pen.take_back()
            }
            Err(fault) => Err(fault),
        }
    }

    /// Makes every unit durable; returns once the disk has them.
    pub fn commit(self) -> Result<(), Fault> {
        run(self.connection, "COMMIT")?;
        // Dropping is undoing, and nothing is left to undo.
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // SQLite may have rolled back by itself; the numbers given since are void either way.
        self.heads.clear();
        if !self.connection.is_autocommit() {
            // When this fails the journal is stuck, which its owner asks for.
            let _ = run(self.connection, "ROLLBACK");
        }
    }
}

fn run(connection: &Connection, statement: &str) -> Result<(), Fault> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}
