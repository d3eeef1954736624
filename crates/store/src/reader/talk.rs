//! Gates and sessions, as they are listed.

use mainspring_types::{GateId, RunId, SessionId, TenantId, Timestamp};
use rusqlite::OptionalExtension;

use super::Readers;
use crate::{
    Conversation, Fault, GateFilter, GateRow, InboxRow, RunKey, SessionRow, TurnRow,
    pen::{gates, run_bytes, run_from, sessions},
};

const SESSIONS: &str = "SELECT session, agent, title, forked_from, forked_at, created_at, changed_at
FROM sessions
WHERE tenant = $1 AND session < $2
ORDER BY session DESC
LIMIT $3";
const CHILDREN: &str = "SELECT child
FROM children
WHERE tenant = $1 AND parent = $2
ORDER BY child";

pub(super) const STATEMENTS: &[&str] = &[SESSIONS, CHILDREN];

/// Gates and sessions.
impl Readers {
    /// The gate, if the tenant has it.
    pub fn gate(&self, tenant: &TenantId, gate: GateId) -> Result<Option<GateRow>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(gates::GATE)?;
            let values = (tenant.as_str(), gates::gate_bytes(gate));
            Ok(statement.query_row(values, gates::gate_row).optional()?)
        })
    }

    /// The gates of a run, oldest first.
    pub fn gates_of(&self, key: &RunKey) -> Result<Vec<GateRow>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(gates::GATES_OF_RUN)?;
            let rows = statement.query_map((key.tenant.as_str(), run_bytes(key.run)), gates::gate_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Gates after the given one, oldest first.
    pub fn gates(
        &self,
        tenant: &TenantId,
        filter: &GateFilter,
        after: Option<(Timestamp, GateId)>,
        limit: u32,
    ) -> Result<Vec<GateRow>, Fault> {
        let (at, gate) = after.unwrap_or((Timestamp::from_millis(-1), GateId::from_u128(0)));
        let (tenant, at, gate) = (tenant.as_str(), at.as_millis(), gates::gate_bytes(gate));
        self.with(|connection| {
            let rows = match filter {
                GateFilter::All => {
                    let mut statement = connection.prepare_cached(gates::GATES)?;
                    let rows = statement.query_map((tenant, at, gate, limit), gates::gate_row)?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()?
                }
                GateFilter::State(state) => {
                    let mut statement = connection.prepare_cached(gates::GATES_BY_STATE)?;
                    let rows =
                        statement.query_map((tenant, state.as_str(), at, gate, limit), gates::gate_row)?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()?
                }
            };
            Ok(rows)
        })
    }

    /// Sessions begun before the given one, newest first.
    pub fn sessions(
        &self,
        tenant: &TenantId,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<SessionRow>, Fault> {
        let before = sessions::bytes(before.unwrap_or(SessionId::from_u128(u128::MAX)));
        self.with(|connection| {
            let mut statement = connection.prepare_cached(SESSIONS)?;
            let rows = statement.query_map((tenant.as_str(), before, limit), sessions::session_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The session, if the tenant has it.
    pub fn session(&self, tenant: &TenantId, session: SessionId) -> Result<Option<SessionRow>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sessions::SESSION)?;
            let values = (tenant.as_str(), sessions::bytes(session));
            Ok(statement.query_row(values, sessions::session_row).optional()?)
        })
    }

    /// The turns of a session after `after`, in order.
    pub fn turns(
        &self,
        tenant: &TenantId,
        session: SessionId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<TurnRow>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sessions::TURNS)?;
            let values = (tenant.as_str(), sessions::bytes(session), after, limit);
            let rows = statement.query_map(values, sessions::turn_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The number of the session's last turn; 0 when there is none.
    pub fn last_turn(&self, tenant: &TenantId, session: SessionId) -> Result<u32, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sessions::LAST_TURN)?;
            Ok(statement.query_row((tenant.as_str(), sessions::bytes(session)), |row| row.get(0))?)
        })
    }

    /// The run in a session that hears what is said, if there is one.
    pub fn live_in(&self, tenant: &TenantId, session: SessionId) -> Result<Option<RunId>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sessions::LIVE_IN)?;
            let values = (tenant.as_str(), sessions::bytes(session));
            Ok(statement.query_row(values, |row| run_from(row, 0)).optional()?)
        })
    }

    /// The run's part in a session, if it has one.
    pub fn conversation(&self, key: &RunKey) -> Result<Option<Conversation>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sessions::CONVERSATION)?;
            let values = (key.tenant.as_str(), run_bytes(key.run));
            Ok(statement.query_row(values, sessions::conversation_row).optional()?)
        })
    }

    /// The messages to a run that no turn has taken up, oldest first.
    pub fn unheard(&self, key: &RunKey) -> Result<Vec<InboxRow>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sessions::UNHEARD)?;
            let values = (key.tenant.as_str(), run_bytes(key.run));
            let rows = statement.query_map(values, sessions::inbox_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The runs that a run started.
    pub fn children(&self, key: &RunKey) -> Result<Vec<RunId>, Fault> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(CHILDREN)?;
            let values = (key.tenant.as_str(), run_bytes(key.run));
            let rows = statement.query_map(values, |row| run_from(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
