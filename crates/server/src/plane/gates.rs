//! Gates: what waits for a person, over all runs, and the answer.

use std::collections::{BTreeMap, btree_map::Entry};

use mainspring_api::{
    gate::{AnswerGate, GateState, GateView, ListGates},
    run::Page,
};
use mainspring_boundary::broker::{Answer, Unanswered};
use mainspring_store::{Fault, GateFilter, GateRow, Readers, RunKey};
use mainspring_types::{Code, GateId, Problem, RunId, TenantId, Timestamp};

use super::{PAGE, Plane, bad_cursor, next_cursor};
use crate::{caller::Caller, view};

/// Where a page ended: when its last gate was opened, and which that was.
type Place = (Timestamp, GateId);

impl Plane {
    /// One page of gates, oldest first; open ones unless told otherwise.
    pub async fn list_gates(&self, caller: &Caller, list: ListGates) -> Result<Page<GateView>, Problem> {
        let limit = list.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
        let filter = filter_named(list.state.as_deref())?;
        let after = list.cursor.as_deref().map(place_of).transpose()?;
        let tenant = caller.tenant.clone();
        let of_run = list.run.map(|run| RunKey { tenant: tenant.clone(), run });
        if let Some(key) = &of_run {
            self.demand(key).await?;
        }
        self.read(move |readers| {
            let rows = match of_run {
                None => readers.gates(&tenant, &filter, after, limit)?,
                Some(key) => page_of(readers.gates_of(&key)?, &filter, after, limit),
            };
            let next_cursor = next_cursor(&rows, limit, cursor_of);
            Ok(Page { items: shown(readers, &tenant, rows)?, next_cursor })
        })
        .await
    }

    /// A gate, whole.
    pub async fn gate(&self, caller: &Caller, gate: GateId) -> Result<GateView, Problem> {
        let tenant = caller.tenant.clone();
        let found = self.read(move |readers| match readers.gate(&tenant, gate)? {
            Some(row) => shown(readers, &tenant, vec![row]),
            None => Ok(Vec::new()),
        });
        found.await?.pop().ok_or_else(|| no_such_gate(gate))
    }

    /// Answers a gate; durable, and its run awake, once this returns. The first answer counts.
    pub async fn answer_gate(
        &self,
        caller: &Caller,
        gate: GateId,
        answer: AnswerGate,
    ) -> Result<GateView, Problem> {
        let answer = answer_of(answer, &caller.name)?;
        let given = answer.give(&self.engine.submit(), caller.tenant.clone(), gate).await;
        match given.map_err(|fault| fault.to_problem())? {
            Ok(_) => self.gate(caller, gate).await,
            Err(unanswered) => Err(why_not(gate, unanswered)),
        }
    }
}

/// One page of a run's gates, which are few.
fn page_of(rows: Vec<GateRow>, filter: &GateFilter, after: Option<Place>, limit: u32) -> Vec<GateRow> {
    let is_wanted = |row: &GateRow| match filter {
        GateFilter::All => true,
        GateFilter::State(state) => row.state == *state,
    };
    let is_later = |row: &GateRow| after.is_none_or(|after| (row.opened_at, row.id()) > after);
    rows.into_iter().filter(|row| is_wanted(row) && is_later(row)).take(limit as usize).collect()
}

/// The gates with the names of their runs' agents.
fn shown(readers: &Readers, tenant: &TenantId, rows: Vec<GateRow>) -> Result<Vec<GateView>, Fault> {
    let now = Timestamp::now();
    let mut agents: BTreeMap<RunId, String> = BTreeMap::new();
    let mut gates = Vec::with_capacity(rows.len());
    for row in rows {
        let agent = match agents.entry(row.run) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let run = readers.run(&RunKey { tenant: tenant.clone(), run: row.run })?;
                new.insert(run.map(|run| run.agent).unwrap_or_default()).clone()
            }
        };
        gates.push(view::gate(row, agent, now));
    }
    Ok(gates)
}

fn filter_named(word: Option<&str>) -> Result<GateFilter, Problem> {
    let word = match word {
        Some("all") => return Ok(GateFilter::All),
        Some(word) => word,
        None => GateState::Open.as_str(),
    };
    if let Some(state) = GateState::from_word(word) {
        return Ok(GateFilter::State(state));
    }
    let known: Vec<&str> = GateState::ALL.iter().map(|state| state.as_str()).collect();
    let problem = Problem::new(Code::BadRequest, format!("`state`: there is no state `{word}`"));
    Err(match mainspring_types::nearest(word, known.iter().copied().chain(["all"])) {
        Some(near) => problem.suggest(format!("did you mean `{near}`? There are: {}, all", known.join(", "))),
        None => problem.suggest(format!("there are: {}, all", known.join(", "))),
    })
}

fn cursor_of(row: &GateRow) -> String {
    format!("{}.{}", row.opened_at.as_millis(), row.id())
}

fn place_of(cursor: &str) -> Result<Place, Problem> {
    let place = cursor
        .split_once('.')
        .and_then(|(millis, gate)| Some((Timestamp::from_millis(millis.parse().ok()?), gate.parse().ok()?)));
    place.ok_or_else(|| bad_cursor(&format_args!("`{cursor}` is not the end of a page of gates")))
}

fn answer_of(answer: AnswerGate, by: &str) -> Result<Answer, Problem> {
    let AnswerGate { action, arguments, message, remember } = answer;
    if arguments.as_ref().is_some_and(|arguments| !arguments.is_object()) {
        return Err(Problem::new(Code::BadRequest, "`arguments`: the arguments of a tool are an object")
            .suggest("`GET /api/v1/gates/{id}` shows those that were asked for"));
    }
    let arguments = arguments.map(|arguments| arguments.to_string());
    Ok(Answer { action, by: by.to_owned(), arguments, message, remember })
}

fn why_not(gate: GateId, unanswered: Unanswered) -> Problem {
    match unanswered {
        Unanswered::NoSuchGate => no_such_gate(gate),
        Unanswered::Unfit { message } => Problem::new(Code::BadRequest, message)
            .suggest(format!("`mainspring gates show {gate}` tells what is asked")),
        Unanswered::Settled(row) => {
            let said = row.settled.as_ref().and_then(|settled| settled.message.clone());
            let problem =
                Problem::new(Code::GateSettled, format!("gate {gate} is settled: {}", view::told(&row)))
                    .suggest(format!("the first answer counts; see it with `mainspring gates show {gate}`"));
            match said {
                Some(said) => problem.detail(said),
                None => problem,
            }
        }
    }
}

fn no_such_gate(gate: GateId) -> Problem {
    Problem::new(Code::NotFound, format!("there is no gate {gate}"))
        .suggest("`mainspring gates list` shows those that are open")
}
