//! What the control plane can do, whoever asks: the one set of operations behind HTTP and the command line.

use std::collections::BTreeMap;

use futures_util::Stream;
use mainspring_api::{
    event::EventView,
    run::{CancelRun, CreateRun, ListRuns, Page, RunSummary, RunView},
};
use mainspring_types::{Code, Problem, RunId, TenantId};

/// On whose behalf an operation is asked for.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant whose runs are meant.
    pub tenant: TenantId,
    /// The name of the key or user, for the record.
    pub name: String,
    /// Whether agents may be named by a path of this machine.
    pub paths: Paths,
}

/// Whether agents may be named by a path of this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paths {
    /// They may: the caller is on this machine.
    Taken,
    /// They may not: the server listens beyond loopback.
    Refused,
}

/// The answer to a cancel.
#[derive(Clone, Debug)]
pub enum Cancelled {
    /// The run is stopping: 202.
    Stopping(Box<RunView>),
    /// The run had ended before: 200, with its outcome.
    Ended(Box<RunView>),
}

/// The control plane of one data folder.
#[derive(Clone)]
pub struct Plane {}

impl Plane {
    /// Accepts a run; durable once this returns. A repeated `key` with the same request answers with the same run.
    pub async fn create_run(
        &self,
        caller: &Caller,
        request: CreateRun,
        key: Option<String>,
    ) -> Result<RunView, Vec<Problem>> {
        let _ = (caller, request, key);
        Err(vec![Problem::new(Code::Internal, "the engine is not wired yet")])
    }
    /// One page of runs, newest first.
    pub async fn list_runs(&self, caller: &Caller, list: ListRuns) -> Result<Page<RunSummary>, Problem> {
        let _ = (caller, list);
        Err(Problem::new(Code::Internal, "the engine is not wired yet"))
    }
    /// A run, whole.
    pub async fn run(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        let _ = (caller, run);
        Err(Problem::new(Code::Internal, "the engine is not wired yet"))
    }
    /// The entries of a run after `after`, as they are committed; ends after the last event of the run.
    pub async fn events(
        &self,
        caller: &Caller,
        run: RunId,
        after: u64,
    ) -> Result<impl Stream<Item = Result<EventView, Problem>> + Send + use<>, Problem> {
        let _ = (caller, run, after);
        Err::<futures_util::stream::Empty<Result<EventView, Problem>>, _>(Problem::new(
            Code::Internal,
            "the engine is not wired yet",
        ))
    }
    /// Ends a run early.
    pub async fn cancel(&self, caller: &Caller, run: RunId, cancel: CancelRun) -> Result<Cancelled, Problem> {
        let _ = (caller, run, cancel);
        Err(Problem::new(Code::Internal, "the engine is not wired yet"))
    }
    /// Dispatches nothing more of the run until it is resumed.
    pub async fn pause(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        let _ = (caller, run);
        Err(Problem::new(Code::Internal, "the engine is not wired yet"))
    }
    /// Dispatches again.
    pub async fn resume(&self, caller: &Caller, run: RunId) -> Result<RunView, Problem> {
        let _ = (caller, run);
        Err(Problem::new(Code::Internal, "the engine is not wired yet"))
    }
    /// Each part that has to work for runs to be accepted, and what it says; `Err` when one does not.
    pub async fn ready(&self) -> Result<BTreeMap<String, String>, BTreeMap<String, String>> {
        Err(BTreeMap::new())
    }
}
