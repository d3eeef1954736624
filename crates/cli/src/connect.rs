//! The way to the one owner of a data folder: the server that holds it, or the stack started in this process.

use std::time::Duration;

use mainspring_api::{
    client::Client,
    run::{ListRuns, Page, RunStatus, RunSummary, RunView, Waiting},
};
use mainspring_server::{config::Config, data::Folder, stack::Stack};
use mainspring_types::{Code, Problem, RunId, Timestamp};
use tokio::time::Instant;

use crate::{
    context::Context,
    output::{self, Output, count},
    stack::{self, Work},
};

/// The control plane of a data folder.
pub(crate) struct Server {
    /// Speaks to it.
    pub(crate) client: Client,
    /// The stack, when it was started here, and what it does with the work it found.
    stack: Option<(Stack, Work)>,
}

/// An owner on this machine answers at once; one that is stopped or stuck must not hold us for ever.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a folder may be held by somebody who does not answer yet: it may be opening, or closing.
const TAKE_WITHIN: Duration = Duration::from_secs(10);
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// The server that owns the folder, if one does.
pub(crate) async fn owner(folder: &Folder) -> Option<Client> {
    let socket = folder.control_socket();
    if !socket.exists() {
        return None;
    }
    let client = Client::unix(socket);
    let answer = tokio::time::timeout(ANSWER_WITHIN, client.health()).await;
    matches!(answer, Ok(Ok(_))).then_some(client)
}

/// The control plane to look at runs with: the folder's owner, or the folder opened here without taking up work.
pub(crate) async fn look(context: &Context) -> Result<Server, Problem> {
    take(context, Work::Leave).await
}

/// The control plane to run with: the folder's owner, or a stack of our own, which takes up what was left over.
pub(crate) async fn connect_or_start(context: &Context) -> Result<Server, Problem> {
    take(context, Work::TakeUp).await
}

async fn take(context: &Context, work: Work) -> Result<Server, Problem> {
    let (folder, config) = (context.folder()?, context.config(&[])?);
    let begun = Instant::now();
    loop {
        match try_take(folder, &config, work).await {
            Err(problem) if problem.code == Code::DataLocked && begun.elapsed() < TAKE_WITHIN => {
                tokio::time::sleep(TRY_AGAIN).await;
            }
            taken => return taken,
        }
    }
}

async fn try_take(folder: &Folder, config: &Config, work: Work) -> Result<Server, Problem> {
    if let Some(client) = owner(folder).await {
        return Ok(Server { client, stack: None });
    }
    let stack = stack::start(folder, config, work.doing(), work).await?;
    Ok(Server { client: Client::unix(folder.control_socket()), stack: Some((stack, work)) })
}

impl Server {
    /// A run as it stands. Where no server works on it, it says so.
    pub(crate) async fn run(&self, id: RunId) -> Result<RunView, Problem> {
        let mut run = self.client.run(id).await?;
        if self.is_unattended() && is_due(run.status) {
            let since = run.waiting.map_or(run.created_at, |waiting| waiting.since);
            run.status = RunStatus::Queued;
            run.waiting = Some(unattended(since));
        }
        Ok(run)
    }

    /// One page of runs. Those that no server works on are queued.
    pub(crate) async fn list(&self, list: &ListRuns) -> Result<Page<RunSummary>, Problem> {
        let mut page = self.client.list_runs(list).await?;
        for run in page.items.iter_mut().filter(|run| self.is_unattended() && is_due(run.status)) {
            run.status = RunStatus::Queued;
        }
        Ok(page)
    }

    /// Whether nobody works on the runs of this folder.
    fn is_unattended(&self) -> bool {
        matches!(self.stack, Some((_, Work::Leave)))
    }

    /// Ends what was started here, and says what it leaves waiting.
    pub(crate) async fn close(self, output: &Output) {
        let Some((stack, work)) = self.stack else { return };
        // What cannot be listed is still there, and the next owner says so.
        let left = stack.left_over().await.unwrap_or_default();
        stack.shutdown().await;
        if work == Work::TakeUp && !left.is_empty() {
            output::note(&output.err_palette.dim(&leaving(&left)));
        }
    }
}

/// Whether a run would be worked on if there were a server.
fn is_due(status: RunStatus) -> bool {
    matches!(status, RunStatus::Queued | RunStatus::Running)
}

fn unattended(since: Timestamp) -> Waiting {
    Waiting {
        reason: "slot".to_owned(),
        since,
        detail: "no server runs, so nobody works on it".to_owned(),
        way_out: "it goes on with `mainspring serve`, or with the next `mainspring run`".to_owned(),
    }
}

fn leaving(left: &[RunSummary]) -> String {
    let runs = count(left.len() as u64, "unfinished run");
    let ids: Vec<String> = left.iter().take(3).map(|run| run.run_id.to_string()).collect();
    let more = if left.len() > ids.len() { ", …" } else { "" };
    format!(
        "leaves {runs} waiting ({}{more}); they go on with `mainspring serve` or the next `mainspring run`",
        ids.join(", ")
    )
}
