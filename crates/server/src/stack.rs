//! The embedded stack of one data folder: store, engine, worker and the socket other commands find it by.
//!
//! `serve` keeps it for as long as it runs, `run` for as long as its own run; both are then clients of the control
//! socket, so that there is one way in.
//!
//! ```text
//!  own the folder -> open the store -> engine takes up what was left -> gateway opens -> worker claims
//!                 -> control socket answers
//!  shutdown: the sockets close, live attempts are told to end and reported, answers under way are read to their end,
//!            the writer writes what is queued
//! ```

use std::{future::Future, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use mainspring_agent::STAGING_PREFIX;
use mainspring_api::run::RunSummary;
use mainspring_engine::{Embedded, Message};
use mainspring_store::{Blobs, Store, StoreOptions, Writer};
use mainspring_types::{Code, Problem, TenantId};
use mainspring_worker::{Execute, Worker};
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    boundary::Boundary,
    config::Config,
    data::{Folder, Owned},
    http::{self, Listener},
    line::{EmbeddedLine, problem_of},
    plane::Plane,
    whisper::Whispers,
};

/// Connections that read beside the writer: one for each core would do on small machines, four let slow reads of long
/// runs not hold up short ones.
const READERS: usize = 4;

/// How often an idle server looks whether it still is.
const IDLE_LOOK: Duration = Duration::from_millis(500);

/// A running stack. Dropping it without [`Stack::shutdown`] is like killing it: nothing durable is lost.
pub struct Stack {
    plane: Plane,
    engine: Embedded,
    writer: Writer<Message>,
    owned: Arc<Owned>,
    background: JoinHandle<()>,
    worker: Option<JoinHandle<()>>,
    boundary: Option<Boundary>,
    /// Ends the listeners first, then the worker.
    closing: CancellationToken,
    leaving: CancellationToken,
    /// Ends the gateway's listeners, after the worker.
    landed: CancellationToken,
    listeners: TaskTracker,
}

impl Stack {
    /// Owns the folder, starts everything on it and answers on its control socket. `doing` tells others who owns it.
    ///
    /// Without an executor there is no worker: runs can be looked at and told what to do, and none goes on.
    pub async fn start(
        folder: &Folder,
        config: &Config,
        doing: &str,
        executor: impl FnOnce(&Folder) -> Result<Option<Arc<dyn Execute>>, Problem>,
    ) -> Result<Self, Problem> {
        let owned = Arc::new(folder.own(doing)?);
        let store =
            Store::open(&folder.database(), StoreOptions::default()).map_err(|error| error.to_problem())?;
        let readers = Arc::new(store.readers(READERS).map_err(|fault| fault.to_problem())?);
        let blobs = Blobs::open(&folder.blobs()).map_err(|fault| fault.to_problem())?;
        remove_unfinished_snapshots(&folder.versions())?;
        let executor = executor(folder)?;
        let (engine, writer, background) =
            Embedded::start(store, blobs.clone()).await.map_err(|error| problem_of(&error))?;
        let (closing, leaving) = (CancellationToken::new(), CancellationToken::new());
        let landed = CancellationToken::new();
        let boundary = match &executor {
            Some(executor) if executor.calls_out() => {
                Some(Boundary::open(&engine, (folder, config), blobs, &landed).await?)
            }
            _ => None,
        };
        let whispers = Whispers::default();
        let around = (boundary.clone(), config.budgets.as_slice());
        let plane =
            Plane::new(engine.clone(), readers, folder, around, config.overlay.clone(), whispers.clone());
        let worker = executor.map(|executor| {
            let line = Arc::new(EmbeddedLine::new(engine.clone(), boundary.clone(), whispers));
            let worker = Worker::new(line, executor, config.slots, "embedded");
            tokio::spawn(worker.run(leaving.clone().cancelled_owned()))
        });
        let stack = Self {
            plane,
            engine,
            writer,
            owned,
            background: tokio::spawn(background),
            worker,
            boundary,
            closing,
            leaving,
            landed,
            listeners: TaskTracker::new(),
        };
        stack.answer_on(Listener::Socket(stack.owned.control()?));
        Ok(stack)
    }

    /// Answers over TCP too, and says where. Beyond loopback agents are no longer taken by path.
    pub async fn listen(&self, address: SocketAddr) -> Result<SocketAddr, Problem> {
        let listener = Listener::tcp(address).await?;
        let bound = listener.address().unwrap_or(address);
        self.owned.announce(bound)?;
        self.answer_on(listener);
        Ok(bound)
    }

    fn answer_on(&self, listener: Listener) {
        let (routes, key) =
            (http::routes(self.plane.clone(), self.closing.clone()), self.owned.key().clone());
        self.listeners.spawn(http::serve(routes, key, listener, self.closing.clone()));
    }

    /// The folder this stack owns.
    pub fn folder(&self) -> &Folder {
        self.owned.folder()
    }

    /// The engine, for those who bring runs of their own: benchmarks.
    pub fn engine(&self) -> &Embedded {
        &self.engine
    }

    /// Runs that have not ended, newest first, at most a page of them.
    pub async fn left_over(&self) -> Result<Vec<RunSummary>, Problem> {
        self.plane.unfinished(&TenantId::sole()).await
    }

    /// Waits until nothing was running, queued or about to be tried again for `quiet`.
    pub fn idle(&self, quiet: Duration) -> impl Future<Output = ()> + Send + use<> {
        let (engine, plane) = (self.engine.clone(), self.plane.clone());
        async move {
            let mut idle = Duration::ZERO;
            while idle < quiet {
                sleep(IDLE_LOOK).await;
                let resting = engine.desk().load() == (0, 0) && !awaits_timer(&plane).await;
                idle = if resting { idle + IDLE_LOOK } else { Duration::ZERO };
            }
        }
    }

    /// Closes the sockets, ends what is live, and writes everything that is still queued. Attempts that were live are
    /// taken up by the next owner.
    pub async fn shutdown(self) {
        self.closing.cancel();
        self.listeners.close();
        self.listeners.wait().await;
        self.leaving.cancel();
        if let Some(worker) = self.worker
            && worker.await.is_err()
        {
            tracing::error!("the worker failed while it was leaving");
        }
        self.landed.cancel();
        if let Some(boundary) = &self.boundary {
            boundary.close().await;
        }
        self.background.abort();
        // Blocks for one commit at most.
        self.writer.finish();
    }
}

async fn awaits_timer(plane: &Plane) -> bool {
    let unfinished = plane.unfinished(&TenantId::sole()).await.unwrap_or_default();
    unfinished.iter().any(|run| run.reason.as_deref() == Some("timer"))
}

/// Removes the snapshots that a former owner did not finish.
fn remove_unfinished_snapshots(versions: &Path) -> Result<(), Problem> {
    let removed = std::fs::read_dir(versions).and_then(|mut entries| {
        entries.try_for_each(|entry| {
            let entry = entry?;
            let unfinished = entry.file_name().to_string_lossy().starts_with(STAGING_PREFIX);
            if unfinished { std::fs::remove_dir_all(entry.path()) } else { Ok(()) }
        })
    });
    removed.map_err(|error| {
        Problem::new(Code::DataInaccessible, format!("tidy `{}`: {error}", versions.display()))
            .suggest("check who owns the data folder and whether it can be written")
    })
}
