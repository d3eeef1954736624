//! What the control plane can do, whoever asks: the one set of operations behind HTTP and the command line.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use futures_util::Stream;
use mainspring_api::{
    event::EventView,
    run::{CancelRun, ListRuns, Page, RunStatus, RunSummary, RunView},
};
use mainspring_boundary::budget::{self, Rule};
use mainspring_core::{Ask, Principal, Refusal};
use mainspring_engine::{Embedded, EngineError, Refused, Untaken};
use mainspring_store::{Fault, Filter, Readers, RunKey, RunRow};
use mainspring_types::{AgentName, Code, ParseIdError, Problem, RequestId, RunId, TenantId, Value};

use crate::{
    boundary::Boundary,
    caller::{Caller, Paths},
    line::{level_from_wire, problem_of},
    view::{self, Known, Reading, Taken},
};

mod create;
mod effects;
mod events;
mod steer;

/// How many runs a page holds unless told otherwise, and at most.
const PAGE: (u32, u32) = (50, 200);

/// How many entries are read at a time.
const ENTRIES: u32 = 512;

/// The answer to a cancel.
#[derive(Clone, Debug)]
pub enum Cancelled {
    /// The run is stopping: 202.
    Stopping(Box<RunView>),
    /// The run had ended before: 200, with its outcome.
    Ended(Box<RunView>),
}

/// The control plane of one data folder. Clones share it.
#[derive(Clone)]
pub struct Plane {
    engine: Embedded,
    readers: Arc<Readers>,
    versions: PathBuf,
    boundary: Option<Boundary>,
    rules: Arc<[Rule]>,
}

impl Plane {
    /// The control plane over a started engine; snapshots of agent versions are kept below `versions`. Without a
    /// boundary no agent calls out; the `rules` on calls are shown all the same.
    pub(crate) fn new(
        engine: Embedded,
        readers: Arc<Readers>,
        versions: PathBuf,
        (boundary, rules): (Option<Boundary>, &[Rule]),
    ) -> Self {
        Self { engine, readers, versions, boundary, rules: rules.into() }
    }

    /// One page of runs, newest first.
    pub async fn list_runs(&self, caller: &Caller, list: ListRuns) -> Result<Page<RunSummary>, Problem> {
        let limit = list.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
        let before = list
            .cursor
            .map(|cursor| cursor.parse::<RunId>())
            .transpose()
            .map_err(|error| bad_cursor(&error))?;
        let wanted = list.status.as_deref().map(status_named).transpose()?;
        let filter = match wanted {
            None => Filter::All,
            Some(RunStatus::Queued | RunStatus::Running) => Filter::Status("running".into()),
            // The store does not know of live attempts that do not go on.
            Some(RunStatus::Waiting | RunStatus::Paused) => Filter::Unfinished,
            Some(status) => Filter::Status(status.as_str().into()),
        };
        let tenant = caller.tenant.clone();
        let rows = self.read(move |readers| readers.list(&tenant, &filter, before, limit)).await?;
        let next_cursor = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.run.to_string());
        let items = rows
            .into_iter()
            .map(|row| self.summary(caller, row))
            .filter(|run| wanted.is_none_or(|wanted| run.status == wanted));
        Ok(Page { items: items.collect(), next_cursor })
    }

    /// A run, whole.
    pub async fn run(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let wanted = key.clone();
        let found = self.read(move |readers| {
            let Some(row) = readers.run(&wanted)? else { return Ok(None) };
            let spending = (readers.used(&wanted)?, readers.run_limits(&wanted)?);
            Ok(Some((row, read_whole(readers, &wanted)?, spending)))
        });
        let (row, reading, (used, own)) = found.await?.ok_or_else(|| no_such_run(run))?;
        let result = match reading.result() {
            Some(value) => Some(self.result(&caller.tenant, value).await?),
            None => None,
        };
        let limits = match AgentName::new(&row.agent) {
            Ok(agent) => budget::limits(&self.rules, &agent, run, &own),
            Err(_) => Vec::new(),
        };
        let desk = self.engine.desk();
        let (untaken, kept) = (desk.untaken_steps(&key), desk.kept(&key));
        let known = Known { result, untaken, kept, used, limits };
        reading.show(&row, known).ok_or_else(|| no_such_run(run))
    }

    /// The entries of a run after `after`, as they are committed; ends after the last event of the run.
    pub async fn events(
        &self,
        caller: &Caller,
        run: RunId,
        after: u64,
    ) -> Result<impl Stream<Item = Result<EventView, Problem>> + Send + use<>, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let wanted = key.clone();
        self.read(move |readers| readers.run(&wanted)).await?.ok_or_else(|| no_such_run(run))?;
        Ok(events::follow(self.clone(), key, after))
    }

    /// Ends a run early.
    pub async fn cancel(&self, caller: &Caller, run: RunId, cancel: CancelRun) -> Result<Cancelled, Problem> {
        let ask = Ask::Cancel { level: level_from_wire(cancel.level), reason: cancel.reason };
        let ended = match self.ask(caller, run, ask).await {
            Ok(()) | Err(EngineError::Refused(Refused::Declined(Refusal::Known))) => false,
            Err(EngineError::Refused(Refused::Declined(Refusal::Ended))) => true,
            Err(EngineError::Refused(Refused::NoSuchRun)) => return Err(no_such_run(run)),
            Err(error) => return Err(problem_of(&error)),
        };
        let view = Box::new(self.run(caller, run).await?);
        Ok(if ended { Cancelled::Ended(view) } else { Cancelled::Stopping(view) })
    }

    /// Dispatches nothing more of the run until it is resumed.
    pub async fn pause(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        self.ask_plainly(caller, run, Ask::Pause).await
    }

    /// Dispatches again.
    pub async fn resume(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        self.ask_plainly(caller, run, Ask::Resume).await
    }

    /// Each part that has to work for runs to be accepted, and what it says; `Err` when one does not.
    pub async fn ready(&self) -> Result<BTreeMap<String, String>, BTreeMap<String, String>> {
        let store = self.read(|readers| readers.list(&TenantId::sole(), &Filter::All, None, 1)).await;
        let (queued, held) = self.engine.desk().load();
        let mut checks =
            BTreeMap::from([("worker".to_owned(), format!("ok: {held} at work, {queued} queued"))]);
        match store {
            Ok(_) => {
                checks.insert("store".into(), "ok".into());
                Ok(checks)
            }
            Err(problem) => {
                checks.insert("store".into(), problem.message);
                Err(checks)
            }
        }
    }

    /// Runs that have not ended, newest first, at most a page of them.
    pub async fn unfinished(&self, tenant: &TenantId) -> Result<Vec<RunSummary>, Problem> {
        let owner = tenant.clone();
        let rows = self.read(move |readers| readers.list(&owner, &Filter::Unfinished, None, PAGE.1)).await?;
        let caller = Caller { tenant: tenant.clone(), name: "engine".into(), paths: Paths::Refused };
        Ok(rows.into_iter().map(|row| self.summary(&caller, row)).collect())
    }

    async fn ask(&self, caller: &Caller, run: RunId, ask: Ask) -> Result<(), EngineError> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let by = Principal::User(caller.name.clone());
        self.engine.ask(&key, by, RequestId::generate(), ask).await
    }

    async fn ask_plainly(&self, caller: &Caller, run: RunId, ask: Ask) -> Result<RunView, Problem> {
        match self.ask(caller, run, ask).await {
            Ok(()) | Err(EngineError::Refused(Refused::Declined(Refusal::Known))) => {
                self.run(caller, run).await
            }
            Err(error) => {
                Err(problem_of(&error).suggest(format!("`mainspring why {run}` says how the run stands")))
            }
        }
    }

    fn summary(&self, caller: &Caller, row: RunRow) -> RunSummary {
        let key = RunKey { tenant: caller.tenant.clone(), run: row.run };
        // Nothing was recorded of it since its creation.
        let new = row.changed_at == row.created_at;
        let desk = self.engine.desk();
        let taken = match desk.untaken(&key) {
            Some(Untaken::Withheld) => Taken::Withheld,
            Some(Untaken::Queued) if new => Taken::Never,
            Some(Untaken::Queued) | None => desk.kept(&key).map_or(Taken::Yes, Taken::Kept),
        };
        view::summary(row, &taken)
    }

    async fn result(&self, tenant: &TenantId, value: Value) -> Result<serde_json::Value, Problem> {
        let value = self.engine.fetch(tenant, value).await.map_err(|error| problem_of(&error))?;
        Ok(view::to_json(&value).unwrap_or_default())
    }

    /// Reads beside the writer, outside the async threads.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Readers) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Problem> {
        let readers = self.readers.clone();
        match tokio::task::spawn_blocking(move || read(&readers)).await {
            Ok(done) => done.map_err(|fault| fault.to_problem()),
            Err(_) => Err(Problem::new(Code::Internal, "reading the record failed unexpectedly")),
        }
    }
}

fn read_whole(readers: &Readers, key: &RunKey) -> Result<Reading, Fault> {
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

fn status_named(word: &str) -> Result<RunStatus, Problem> {
    let known = RunStatus::ALL.map(RunStatus::as_str);
    RunStatus::from_word(word).ok_or_else(|| {
        let problem = Problem::new(Code::BadRequest, format!("`status`: there is no status `{word}`"));
        match mainspring_types::nearest(word, known) {
            Some(near) => problem.suggest(format!("did you mean `{near}`? There are: {}", known.join(", "))),
            None => problem.suggest(format!("there are: {}", known.join(", "))),
        }
    })
}

fn bad_cursor(error: &ParseIdError) -> Problem {
    Problem::new(Code::BadRequest, format!("`cursor`: {error}"))
        .suggest("pass the `next_cursor` of the page before, as it is")
}

fn no_such_run(run: RunId) -> Problem {
    Problem::new(Code::NotFound, format!("there is no run {run}"))
        .suggest("`mainspring runs list` shows the runs there are")
}
