//! A run, whole: its journal read from the beginning, and what is known beside it.

use mainspring_api::run::{ReceiptView, RunView};
use mainspring_boundary::budget;
use mainspring_store::{Conversation, Fault, GateRow, Readers, RunKey, RunLimit, RunRow, Used};
use mainspring_types::{AgentName, Problem, RunId, TenantId, Value};

use super::{ENTRIES, Plane, no_such_run, receipt};
use crate::{
    caller::Caller,
    line::problem_of,
    view::{self, Known, Reading},
};

/// What the store holds of a run.
struct Stored {
    row: RunRow,
    reading: Reading,
    used: Used,
    used_by_family: Used,
    limits: Vec<RunLimit>,
    part: Option<Conversation>,
    gates: Vec<GateRow>,
    receipt: Option<ReceiptView>,
}

impl Plane {
    /// A run, whole.
    pub async fn run(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let wanted = key.clone();
        let found = self.read(move |readers| stored(readers, &wanted)).await?;
        let Stored { row, reading, used, used_by_family, limits, part, gates, receipt } =
            found.ok_or_else(|| no_such_run(run))?;
        let result = match reading.result() {
            Some(value) => Some(self.result(&caller.tenant, value).await?),
            None => None,
        };
        let limits = match AgentName::new(&row.agent) {
            Ok(agent) => budget::limits(&self.rules, &agent, run, &limits),
            Err(_) => Vec::new(),
        };
        let desk = self.engine.desk();
        let (untaken, kept) = (desk.untaken_steps(&key), desk.kept(&key));
        let session = part.map(|part| part.session);
        let workspaces = &self.workspaces;
        let known = Known {
            result,
            untaken,
            kept,
            used,
            used_by_family,
            limits,
            session,
            gates,
            receipt,
            workspaces,
        };
        reading.show(&row, known).ok_or_else(|| no_such_run(run))
    }

    pub(super) async fn result(&self, tenant: &TenantId, value: Value) -> Result<serde_json::Value, Problem> {
        let value = self.engine.fetch(tenant, value).await.map_err(|error| problem_of(&error))?;
        Ok(view::to_json(&value).unwrap_or_default())
    }
}

fn stored(readers: &Readers, key: &RunKey) -> Result<Option<Stored>, Fault> {
    let Some(row) = readers.run(key)? else { return Ok(None) };
    let reading = read_whole(readers, key)?;
    Ok(Some(Stored {
        used: readers.used(key)?,
        used_by_family: readers.used_by_family(key)?,
        limits: readers.run_limits(key)?,
        part: readers.conversation(key)?,
        gates: gates(readers, &key.tenant, &reading)?,
        receipt: receipt::of(readers, key, &reading)?,
        row,
        reading,
    }))
}

/// The gates at which the run waits.
fn gates(readers: &Readers, tenant: &TenantId, reading: &Reading) -> Result<Vec<GateRow>, Fault> {
    let awaited = reading.gates().into_iter();
    awaited.filter_map(|gate| readers.gate(tenant, gate).transpose()).collect()
}

/// The run's journal, read from its beginning.
pub(super) fn read_whole(readers: &Readers, key: &RunKey) -> Result<Reading, Fault> {
    let mut reading = Reading::default();
    let mut after = 0;
    loop {
        let entries = readers.entries(key, after, ENTRIES)?;
        let Some(last) = entries.last() else { return Ok(reading) };
        after = last.seq;
        for entry in entries {
            let seq = entry.seq;
            reading.read(entry).map_err(|error| Fault::Corrupt {
                detail: format!("entry {seq} of {} cannot be read: {error}", key.run),
            })?;
        }
    }
}
