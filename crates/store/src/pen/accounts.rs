//! What was spent and what is set aside.

use mainspring_types::{TenantId, Timestamp};
use rusqlite::OptionalExtension;

use super::{Pen, family::family, run_bytes};
use crate::{AccountKey, Balance, Fault, RunKey, RunLimit};

const BALANCE: &str = "SELECT settled, held
FROM accounts
WHERE tenant = $1 AND scope = $2 AND meter = $3 AND span = $4 AND start_at = $5";
const OPEN: &str = "INSERT INTO accounts (tenant, scope, meter, span, start_at, settled, held)
VALUES ($1, $2, $3, $4, $5, $6, $7)";
const MOVE: &str = "UPDATE accounts
SET settled = settled + $1, held = held + $2
WHERE tenant = $3 AND scope = $4 AND meter = $5 AND span = $6 AND start_at = $7";
const CLOSE_OF_RUNS: &str = "DELETE FROM accounts
WHERE scope LIKE 'run:%'";
const ACCOUNTS: &str = "SELECT tenant, scope, meter, span, start_at
FROM accounts";
const CLOSE: &str = "DELETE FROM accounts
WHERE tenant = $1 AND scope = $2 AND meter = $3 AND span = $4 AND start_at = $5";
const SPENT: &str = "SELECT
    coalesce(sum(t.input_tokens + t.output_tokens + t.cache_read_tokens + t.cache_creation_tokens), 0),
    coalesce(sum(t.held_tokens), 0), coalesce(sum(t.cost), 0), coalesce(sum(t.held_cost), 0),
    count(CASE WHEN t.state NOT IN ('intended', 'unknown') THEN 1 END),
    count(CASE WHEN t.state IN ('intended', 'unknown') THEN 1 END)
FROM tries AS t
WHERE t.tenant = $1 AND t.began_at >= $2";
const SPENT_BY_AGENT: &str = "SELECT
    coalesce(sum(t.input_tokens + t.output_tokens + t.cache_read_tokens + t.cache_creation_tokens), 0),
    coalesce(sum(t.held_tokens), 0), coalesce(sum(t.cost), 0), coalesce(sum(t.held_cost), 0),
    count(CASE WHEN t.state NOT IN ('intended', 'unknown') THEN 1 END),
    count(CASE WHEN t.state IN ('intended', 'unknown') THEN 1 END)
FROM tries AS t
WHERE t.tenant = $1 AND t.began_at >= $2 AND t.agent = $3";
// What the runs spend that a run started counts as its own.
const SPENT_BY_RUN: &str = concat!(
    family!(),
    "SELECT
    coalesce(sum(t.input_tokens + t.output_tokens + t.cache_read_tokens + t.cache_creation_tokens), 0),
    coalesce(sum(t.held_tokens), 0), coalesce(sum(t.cost), 0), coalesce(sum(t.held_cost), 0),
    count(CASE WHEN t.state NOT IN ('intended', 'unknown') THEN 1 END),
    count(CASE WHEN t.state IN ('intended', 'unknown') THEN 1 END)
FROM family AS f
JOIN effects AS e ON e.tenant = f.tenant AND e.run = f.run
JOIN tries AS t ON t.tenant = e.tenant AND t.effect = e.effect
WHERE t.began_at >= $3"
);
const LIMIT: &str = "INSERT INTO limits (tenant, run, meter, most, policy)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, run, meter) DO UPDATE
SET most = excluded.most, policy = excluded.policy";
pub(crate) const LIMITS: &str = "SELECT meter, most, policy
FROM limits
WHERE tenant = $1 AND run = $2
ORDER BY meter";

pub(crate) const STATEMENTS: &[&str] = &[
    BALANCE,
    OPEN,
    MOVE,
    CLOSE_OF_RUNS,
    ACCOUNTS,
    CLOSE,
    SPENT,
    SPENT_BY_AGENT,
    SPENT_BY_RUN,
    LIMIT,
    LIMITS,
];

/// Whose spending is summed up.
#[derive(Clone, Copy, Debug)]
pub enum Spender<'a> {
    /// The whole tenant's.
    Tenant,
    /// An agent's, by name.
    Agent(&'a str),
    /// A run's, with those that it started.
    Run(&'a RunKey),
}

/// What the record says was spent.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Spent {
    /// Tokens.
    pub tokens: Balance,
    /// Money, in billionths of a dollar.
    pub cost: Balance,
    /// Calls sent.
    pub calls: Balance,
}

/// Accounts.
impl Pen<'_> {
    /// How an account stands; `None` before it is opened.
    pub fn balance(&self, tenant: &TenantId, key: &AccountKey) -> Result<Option<Balance>, Fault> {
        let values = (tenant.as_str(), &key.scope, key.meter, key.span, key.start.as_millis());
        let found = self
            .connection
            .prepare_cached(BALANCE)?
            .query_row(values, |row| Ok(Balance { settled: amount(row, 0)?, held: amount(row, 1)? }));
        Ok(found.optional()?)
    }

    /// Opens an account with what it holds at first.
    pub fn open_account(&mut self, tenant: &TenantId, key: &AccountKey, is: Balance) -> Result<(), Fault> {
        self.execute(
            OPEN,
            &[
                &tenant.as_str(),
                &key.scope,
                &key.meter,
                &key.span,
                &key.start.as_millis(),
                &is.settled.cast_signed(),
                &is.held.cast_signed(),
            ],
        )
    }

    /// Adds to what an account has settled and to what it holds; an account that was never opened is left out.
    pub fn move_account(
        &mut self,
        tenant: &TenantId,
        key: &AccountKey,
        (settled, held): (i64, i64),
    ) -> Result<(), Fault> {
        self.execute(
            MOVE,
            &[&settled, &held, &tenant.as_str(), &key.scope, &key.meter, &key.span, &key.start.as_millis()],
        )
    }

    /// Closes the accounts of all runs, and of the others those that `keep` does not want, by scope, meter, span and
    /// beginning. Each is opened again with what the tries say.
    pub fn close_accounts(
        &mut self,
        keep: impl Fn(&str, &str, &str, Timestamp) -> bool,
    ) -> Result<(), Fault> {
        self.execute(CLOSE_OF_RUNS, &[])?;
        let accounts: Vec<(String, String, String, String, i64)> =
            self.rows(ACCOUNTS, &[], |row| row.try_into())?;
        for (tenant, scope, meter, span, start) in accounts {
            if !keep(&scope, &meter, &span, Timestamp::from_millis(start)) {
                self.execute(CLOSE, &[&tenant, &scope, &meter, &span, &start])?;
            }
        }
        Ok(())
    }

    /// What tries that began at `since` or later have cost, from the tries themselves.
    pub fn spent(&self, tenant: &TenantId, spender: Spender<'_>, since: Timestamp) -> Result<Spent, Fault> {
        let (tenant, since) = (tenant.as_str(), since.as_millis());
        let connection = self.connection;
        let spent = match spender {
            Spender::Tenant => connection.prepare_cached(SPENT)?.query_row((tenant, since), spent),
            Spender::Agent(agent) => {
                connection.prepare_cached(SPENT_BY_AGENT)?.query_row((tenant, since, agent), spent)
            }
            Spender::Run(key) => {
                connection.prepare_cached(SPENT_BY_RUN)?.query_row((tenant, run_bytes(key.run), since), spent)
            }
        };
        Ok(spent?)
    }

    /// Gives a run a limit of its own, in place of an earlier one on the same meter.
    pub fn limit_run(&mut self, key: &RunKey, is: &RunLimit) -> Result<(), Fault> {
        self.execute(
            LIMIT,
            &[&key.tenant.as_str(), &run_bytes(key.run), &is.meter, &is.most.cast_signed(), &is.policy],
        )
    }

    /// The limits that the run was given.
    pub fn run_limits(&self, key: &RunKey) -> Result<Vec<RunLimit>, Fault> {
        self.rows(LIMITS, &[&key.tenant.as_str(), &run_bytes(key.run)], run_limit)
    }
}

/// A limit whose columns are `meter, most, policy`.
pub(crate) fn run_limit(row: &rusqlite::Row<'_>) -> rusqlite::Result<RunLimit> {
    Ok(RunLimit { meter: row.get(0)?, most: amount(row, 1)?, policy: row.get(2)? })
}

fn spent(row: &rusqlite::Row<'_>) -> rusqlite::Result<Spent> {
    Ok(Spent {
        tokens: Balance { settled: amount(row, 0)?, held: amount(row, 1)? },
        cost: Balance { settled: amount(row, 2)?, held: amount(row, 3)? },
        calls: Balance { settled: amount(row, 4)?, held: amount(row, 5)? },
    })
}

/// An amount as stored: never negative.
pub(crate) fn amount(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|amount| u64::try_from(amount).unwrap_or(0))
}
