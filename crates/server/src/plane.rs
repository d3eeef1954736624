//! What the control plane can do, whoever asks: the one set of operations behind HTTP and the command line.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use futures_util::Stream;
use mainspring_agent::Overlay;
use mainspring_api::{
    client::Live,
    run::{ListRuns, Page, RunStatus, RunSummary, RunView},
};
use mainspring_boundary::budget::Rule;
use mainspring_core::{Ask, Principal, Refusal};
use mainspring_engine::{Embedded, EngineError, Refused, Untaken};
use mainspring_store::{Fault, Filter, Readers, RunKey, RunRow};
use mainspring_types::{Code, Problem, RequestId, RunId, SessionId, TenantId};

use crate::{
    boundary::Boundary,
    caller::{Caller, Paths},
    data::Folder,
    line::problem_of,
    view::{self, Taken},
    whisper::Whispers,
};

mod cancel;
mod create;
mod effects;
mod events;
mod gates;
mod receipt;
mod say;
mod sessions;
mod show;
mod steer;

pub use self::{cancel::Cancelled, events::Deltas};

/// How many runs a page holds unless told otherwise, and at most.
const PAGE: (u32, u32) = (50, 200);

/// How many entries are read at a time.
const ENTRIES: u32 = 512;

/// The control plane of one data folder. Clones share it.
#[derive(Clone)]
pub struct Plane {
    engine: Embedded,
    readers: Arc<Readers>,
    versions: PathBuf,
    workspaces: PathBuf,
    boundary: Option<Boundary>,
    rules: Arc<[Rule]>,
    /// What the settings lay over every agent that is a model with tools.
    overlay: Arc<Overlay>,
    whispers: Whispers,
}

impl Plane {
    /// The control plane over a started engine. Without a boundary no agent calls out; the `rules` on calls are shown
    /// all the same. What models are just saying is heard by `whispers`.
    pub(crate) fn new(
        engine: Embedded,
        readers: Arc<Readers>,
        folder: &Folder,
        (boundary, rules): (Option<Boundary>, &[Rule]),
        overlay: Overlay,
        whispers: Whispers,
    ) -> Self {
        Self {
            engine,
            readers,
            versions: folder.versions(),
            workspaces: folder.workspaces(),
            boundary,
            rules: rules.into(),
            overlay: Arc::new(overlay),
            whispers,
        }
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
        let next_cursor = next_cursor(&rows, limit, |row| row.run.to_string());
        let items = rows
            .into_iter()
            .map(|row| self.summary(caller, row))
            .filter(|run| wanted.is_none_or(|wanted| run.status == wanted));
        Ok(Page { items: items.collect(), next_cursor })
    }

    /// The entries of a run after `after`, as they are committed; ends after the last event of the run. With `deltas`
    /// what its models are just saying is told between them.
    pub async fn events(
        &self,
        caller: &Caller,
        run: RunId,
        after: u64,
        deltas: Deltas,
    ) -> Result<impl Stream<Item = Result<Live, Problem>> + Send + use<>, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        self.demand(&key).await?;
        Ok(events::follow(self.clone(), key, after, deltas))
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

    /// The run's row; it must be there.
    async fn demand(&self, key: &RunKey) -> Result<RunRow, Problem> {
        let wanted = key.clone();
        let found = self.read(move |readers| readers.run(&wanted)).await?;
        found.ok_or_else(|| no_such_run(key.run))
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

/// Where the next page begins; `None` when this one is not full.
fn next_cursor<T>(rows: &[T], limit: u32, cursor: impl FnOnce(&T) -> String) -> Option<String> {
    rows.last().filter(|_| rows.len() == limit as usize).map(cursor)
}

fn bad_cursor(error: &dyn fmt::Display) -> Problem {
    Problem::new(Code::BadRequest, format!("`cursor`: {error}"))
        .suggest("pass the `next_cursor` of the page before, as it is")
}

fn no_such_run(run: RunId) -> Problem {
    Problem::new(Code::NotFound, format!("there is no run {run}"))
        .suggest("`mainspring runs list` shows the runs there are")
}

fn no_such_session(session: SessionId) -> Problem {
    Problem::new(Code::NotFound, format!("there is no session {session}"))
        .suggest("`mainspring sessions list` shows the sessions there are")
}
