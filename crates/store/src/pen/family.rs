//! Which run started which, and which are on their way to an end.

use mainspring_types::{EffectId, RunId};
use rusqlite::OptionalExtension;

use super::{Pen, effect_bytes, run_bytes, run_from};
use crate::{Fault, RunKey};

/// The run ($2 of the tenant $1) and all below it, as `family` in the query that follows.
macro_rules! family {
    () => {
        "WITH RECURSIVE family (tenant, run) AS (
    SELECT r.tenant, r.run
    FROM runs AS r
    WHERE r.tenant = $1 AND r.run = $2
    UNION
    SELECT c.tenant, c.child
    FROM family AS f
    JOIN children AS c ON c.tenant = f.tenant AND c.parent = f.run)
"
    };
}

pub(crate) use family;

const BEAR: &str = "INSERT INTO children (tenant, parent, child, effect)
VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, parent, child) DO NOTHING";
const LIVE_CHILDREN: &str = "SELECT c.child
FROM children AS c
JOIN runs AS r ON r.tenant = c.tenant AND r.run = c.child
WHERE c.tenant = $1 AND c.parent = $2 AND r.ended_at IS NULL
ORDER BY c.child";
const STOPPING: &str = "SELECT 1
FROM runs
WHERE tenant = $1 AND run = $2 AND reason = 'stopping'";
const ENDED: &str = "SELECT 1
FROM runs
WHERE tenant = $1 AND run = $2 AND ended_at IS NOT NULL";

pub(crate) const STATEMENTS: &[&str] = &[BEAR, LIVE_CHILDREN, STOPPING, ENDED];

impl Pen<'_> {
    /// Notes that a run started another, by this effect.
    pub fn bear(&mut self, parent: &RunKey, child: RunId, effect: EffectId) -> Result<(), Fault> {
        self.execute(
            BEAR,
            &[&parent.tenant.as_str(), &run_bytes(parent.run), &run_bytes(child), &effect_bytes(effect)],
        )
    }

    /// Whether the run was told to end, and has a worker that has not ended yet.
    pub fn is_stopping(&self, key: &RunKey) -> Result<bool, Fault> {
        self.is_so(STOPPING, key)
    }

    pub(super) fn is_over(&self, key: &RunKey) -> Result<bool, Fault> {
        self.is_so(ENDED, key)
    }

    pub(super) fn live_children(&self, key: &RunKey) -> Result<Vec<RunId>, Fault> {
        self.rows(LIVE_CHILDREN, &[&key.tenant.as_str(), &run_bytes(key.run)], |row| run_from(row, 0))
    }

    fn is_so(&self, statement: &str, key: &RunKey) -> Result<bool, Fault> {
        let values = (key.tenant.as_str(), run_bytes(key.run));
        let found = self.connection.prepare_cached(statement)?.query_row(values, |_| Ok(())).optional()?;
        Ok(found.is_some())
    }
}
