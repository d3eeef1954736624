//! Gates, from the question to the answer.

use mainspring_types::{
    EffectId, GateAction, GateDefault, GateId, GateKind, GateState, Hash, SessionId, TenantId, Timestamp,
};
use rusqlite::{OptionalExtension, Row, ToSql};

use super::{Pen, effect_bytes, effect_from, hash_from, name_from, run_bytes, run_from, word_from};
use crate::{EntryKind, Fault, GateRow, GateSettled, Ledger, NewEntry, RunKey};

/// Which columns a gate is read from, in which order.
macro_rules! columns {
    () => {
        "hash, run, step, kind, tool, arguments, question, choices, why, shape, effect, opened_at, deadline, fallback,
    escalate_at, escalate_to, state, action, answerer, message, executed, remembered, settled_at"
    };
}

const ASK: &str = concat!(
    "INSERT INTO gates (tenant, gate, ",
    columns!(),
    ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'open', NULL, NULL, NULL, NULL,
    NULL, NULL)"
);
pub(crate) const GATE: &str = concat!(
    "SELECT ",
    columns!(),
    "
FROM gates
WHERE tenant = $1 AND gate = $2"
);
pub(crate) const GATES_OF_RUN: &str = concat!(
    "SELECT ",
    columns!(),
    "
FROM gates
WHERE tenant = $1 AND run = $2
ORDER BY opened_at, gate"
);
const OPEN_OF_RUN: &str = concat!(
    "SELECT ",
    columns!(),
    "
FROM gates
WHERE tenant = $1 AND run = $2 AND state = 'open'
ORDER BY opened_at, gate"
);
pub(crate) const GATES: &str = concat!(
    "SELECT ",
    columns!(),
    "
FROM gates
WHERE tenant = $1 AND (opened_at, gate) > ($2, $3)
ORDER BY opened_at, gate
LIMIT $4"
);
pub(crate) const GATES_BY_STATE: &str = concat!(
    "SELECT ",
    columns!(),
    "
FROM gates
WHERE tenant = $1 AND state = $2 AND (opened_at, gate) > ($3, $4)
ORDER BY opened_at, gate
LIMIT $5"
);
const SETTLE_GATE: &str = "UPDATE gates
SET state = $1, action = $2, answerer = $3, message = $4, executed = $5, remembered = $6, settled_at = $7
WHERE tenant = $8 AND gate = $9 AND state = 'open'";
const WITHDRAW: &str = "UPDATE gates
SET state = 'withdrawn', settled_at = $1
WHERE tenant = $2 AND run = $3 AND state = 'open'";
const REMEMBER_SHAPE: &str = "INSERT INTO remembered (tenant, session, pattern, allowed_by, at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, session, pattern) DO NOTHING";
const REMEMBERED: &str = "SELECT pattern
FROM remembered
WHERE tenant = $1 AND session = $2
ORDER BY pattern";

pub(crate) const STATEMENTS: &[&str] = &[
    ASK,
    GATE,
    GATES_OF_RUN,
    OPEN_OF_RUN,
    GATES,
    GATES_BY_STATE,
    SETTLE_GATE,
    WITHDRAW,
    REMEMBER_SHAPE,
    REMEMBERED,
];

/// Gates.
impl Pen<'_> {
    /// Asks.
    pub fn ask(&mut self, tenant: &TenantId, is: &GateRow) -> Result<(), Fault> {
        let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millis);
        let values: [&dyn ToSql; 18] = [
            &tenant.as_str(),
            &gate_bytes(is.id()),
            is.hash.as_bytes(),
            &run_bytes(is.run),
            &is.step.as_str(),
            &is.kind.as_str(),
            &is.tool,
            &is.arguments,
            &is.question,
            &is.choices,
            &is.why,
            &is.shape,
            &is.effect.map(effect_bytes),
            &is.opened_at.as_millis(),
            &millis(is.deadline),
            &is.fallback.as_str(),
            &millis(is.escalate_at),
            &is.escalate_to,
        ];
        self.execute(ASK, &values)
    }

    /// The gate, if there is one.
    pub fn gate(&self, tenant: &TenantId, gate: GateId) -> Result<Option<GateRow>, Fault> {
        let mut statement = self.connection.prepare_cached(GATE)?;
        Ok(statement.query_row((tenant.as_str(), gate_bytes(gate)), gate_row).optional()?)
    }

    /// The gates of a run that nobody has answered, oldest first.
    pub fn open_gates(&self, key: &RunKey) -> Result<Vec<GateRow>, Fault> {
        self.rows(OPEN_OF_RUN, &[&key.tenant.as_str(), &run_bytes(key.run)], gate_row)
    }

    /// Writes the answer that counts; says whether the gate was open until then.
    pub fn settle_gate(
        &mut self,
        tenant: &TenantId,
        gate: GateId,
        state: GateState,
        is: &GateSettled,
    ) -> Result<bool, Fault> {
        self.about_to_write()?;
        let values: [&dyn ToSql; 9] = [
            &state.as_str(),
            &is.action.as_str(),
            &is.by,
            &is.message,
            &is.executed,
            &is.remembered,
            &is.at.as_millis(),
            &tenant.as_str(),
            &gate_bytes(gate),
        ];
        Ok(self.connection.prepare_cached(SETTLE_GATE)?.execute(&values[..])? == 1)
    }

    /// Lets calls of that pattern happen in the session from now on.
    pub fn allow(
        &mut self,
        tenant: &TenantId,
        session: SessionId,
        (pattern, by): (&str, &str),
        at: Timestamp,
    ) -> Result<(), Fault> {
        let session = session.as_u128().to_be_bytes();
        self.execute(REMEMBER_SHAPE, &[&tenant.as_str(), &session, &pattern, &by, &at.as_millis()])
    }

    /// The patterns of calls that need no further approval in the session.
    pub fn allowed(&self, tenant: &TenantId, session: SessionId) -> Result<Vec<String>, Fault> {
        let session = session.as_u128().to_be_bytes();
        self.rows(REMEMBERED, &[&tenant.as_str(), &session], |row| row.get(0))
    }

    /// Takes a gate's default, if nobody has answered; says the number of the journal's line about it.
    pub(super) fn take_default(
        &mut self,
        key: &RunKey,
        gate: &Hash,
        at: Timestamp,
    ) -> Result<Option<u64>, Fault> {
        let id = GateId::of(gate);
        let Some(open) = self.gate(&key.tenant, id)?.filter(GateRow::is_open) else { return Ok(None) };
        let settled = GateSettled {
            action: open.fallback.action(),
            by: "deadline".into(),
            message: None,
            executed: None,
            remembered: None,
            at,
        };
        self.settle_gate(&key.tenant, id, GateState::Expired, &settled)?;
        if open.kind == GateKind::Input {
            self.hear_no_more(key)?;
        }
        let line = serde_json::json!({
            "type": "gate.settled", "gate_id": id, "action": open.fallback, "by": settled.by, "step": open.step,
        });
        let entry = NewEntry { kind: EntryKind::Effect, at, envelope: &line.to_string(), payload: None };
        self.append(key, entry).map(Some)
    }

    /// Withdraws the open gates of a run: nobody waits for their answers any more.
    pub fn withdraw_gates(&mut self, key: &RunKey, at: Timestamp) -> Result<(), Fault> {
        self.execute(WITHDRAW, &[&at.as_millis(), &key.tenant.as_str(), &run_bytes(key.run)])
    }

    pub(super) fn is_answered(&self, key: &RunKey, gate: &Hash) -> Result<bool, Fault> {
        Ok(self.gate(&key.tenant, GateId::of(gate))?.is_some_and(|gate| !gate.is_open()))
    }
}

/// A gate's id as stored.
pub(crate) fn gate_bytes(gate: GateId) -> [u8; 16] {
    gate.as_u128().to_be_bytes()
}

/// A gate whose columns are those above.
pub(crate) fn gate_row(row: &Row<'_>) -> rusqlite::Result<GateRow> {
    Ok(GateRow {
        hash: hash_from(row, 0)?,
        run: run_from(row, 1)?,
        step: name_from(row, 2)?,
        kind: word_from(row, 3, GateKind::from_word)?,
        tool: row.get(4)?,
        arguments: row.get(5)?,
        question: row.get(6)?,
        choices: row.get(7)?,
        why: row.get(8)?,
        shape: row.get(9)?,
        effect: effect_or_none(row, 10)?,
        opened_at: Timestamp::from_millis(row.get(11)?),
        deadline: moment(row, 12)?,
        fallback: word_from(row, 13, GateDefault::from_word)?,
        escalate_at: moment(row, 14)?,
        escalate_to: row.get(15)?,
        state: word_from(row, 16, GateState::from_word)?,
        settled: settled(row)?,
    })
}

fn settled(row: &Row<'_>) -> rusqlite::Result<Option<GateSettled>> {
    let (by, at) = (row.get(18)?, moment(row, 22)?);
    let (Some(by), Some(at)) = (by, at) else { return Ok(None) };
    Ok(Some(GateSettled {
        action: word_from(row, 17, GateAction::from_word)?,
        by,
        message: row.get(19)?,
        executed: row.get(20)?,
        remembered: row.get(21)?,
        at,
    }))
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

fn effect_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<EffectId>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => effect_from(row, column).map(Some),
    }
}
