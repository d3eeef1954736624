//! The entries of a run as they are committed, across restarts of the server, with a word when it is away.
//!
//! ```text
//!  connect ─▶ entries ─▶ the last entry: end
//!     ▲          │
//!     └── away ◀─┘  broken off: goes on after the entry seen last
//! ```

mod view;
mod watch;

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use mainspring_api::{
    client::{Client, Live},
    event::{Delta, EventView},
};
use mainspring_types::{Code, Problem, RunId};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep},
};

pub(crate) use view::{Prompt, View};
pub(crate) use watch::{INTERRUPTED, Watched, act_on, frames, interrupt, kill, open, prompt, watch};

/// How long a server may be away before following ends.
const PATIENCE: Duration = Duration::from_mins(1);
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Entries that wait for a reader who draws; more would only be memory.
const AHEAD_MAX: usize = 64;

/// What was seen next.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Seen {
    /// An entry of the run.
    Event(EventView),
    /// A piece of what a model is just saying, for whoever follows it live.
    Delta(Delta),
    /// The server does not answer any more; it is asked again.
    Away,
    /// The server answers again; the entries go on where they broke off.
    Back,
}

/// What is said when the server is away.
pub(crate) const AWAY: &str = "the server is away; the run is safe, and goes on when the server comes back";
/// What is said when the server is back.
pub(crate) const BACK: &str = "the server is back; going on where it broke off";

/// Follows one run to its last entry. Ends the following when it is dropped.
pub(crate) struct Follow {
    seen: mpsc::Receiver<Result<Seen, Problem>>,
    // A task of its own: whoever draws meanwhile must not begin every connection anew with every frame.
    task: JoinHandle<()>,
}

impl Follow {
    /// Follows the entries of the run after entry `after`.
    pub(crate) fn new(client: Client, run: RunId, after: u64) -> Self {
        Self::start(client, run, after, Feed::Entries)
    }

    /// Follows the same, and what its models are just saying.
    pub(crate) fn live(client: Client, run: RunId, after: u64) -> Self {
        Self::start(client, run, after, Feed::Live)
    }

    fn start(client: Client, run: RunId, after: u64, feed: Feed) -> Self {
        let (tell, seen) = mpsc::channel(AHEAD_MAX);
        let task = tokio::spawn(async move {
            let mut follower = Follower { client, run, after, feed, away: None, tell };
            if let Err(Stop::Failed(problem)) = follower.follow().await {
                // Nobody listens any more when this cannot be sent.
                let _ = follower.tell.send(Err(*problem)).await;
            }
        });
        Self { seen, task }
    }

    /// What is seen next, or `None` after the last entry. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<Seen>, Problem> {
        self.seen.recv().await.transpose()
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is followed.
#[derive(Clone, Copy)]
enum Feed {
    Entries,
    Live,
}

struct Follower {
    client: Client,
    run: RunId,
    feed: Feed,
    /// The entry seen last.
    after: u64,
    /// Since when the server is away, once that was said.
    away: Option<Instant>,
    tell: mpsc::Sender<Result<Seen, Problem>>,
}

/// Why following stopped before the last entry.
enum Stop {
    Failed(Box<Problem>),
    /// Nobody listens any more.
    Unheard,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Failed(Box::new(problem))
    }
}

impl Follower {
    async fn follow(&mut self) -> Result<(), Stop> {
        loop {
            match self.read().await {
                Ok(()) => return Ok(()),
                Err(Stop::Failed(problem)) if problem.code == Code::Unreachable => {
                    self.wait(*problem).await?;
                }
                Err(stop) => return Err(stop),
            }
        }
    }

    /// Passes entries on until the last; a stream that ends before it broke off.
    async fn read(&mut self) -> Result<(), Stop> {
        let mut entries = self.open().await?;
        if self.away.take().is_some() {
            self.say(Seen::Back).await?;
        }
        while let Some(live) = entries.next().await.transpose()? {
            let event = match live {
                Live::Entry(event) => event,
                Live::Delta(delta) => {
                    self.say(Seen::Delta(delta)).await?;
                    continue;
                }
            };
            let is_last = event.is_last();
            self.after = event.seq;
            self.say(Seen::Event(event)).await?;
            if is_last {
                return Ok(());
            }
        }
        let run = self.client.run(self.run).await?;
        if run.status.is_ended() && run.last_seq <= self.after {
            return Ok(());
        }
        Err(Problem::new(Code::Unreachable, format!("the stream of run `{}` broke off", self.run)).into())
    }

    async fn open(&self) -> Result<BoxStream<'static, Result<Live, Problem>>, Problem> {
        Ok(match self.feed {
            Feed::Entries => self.client.events(self.run, self.after).await?.map_ok(Live::Entry).boxed(),
            Feed::Live => self.client.events_live(self.run, self.after).await?.boxed(),
        })
    }

    async fn wait(&mut self, problem: Problem) -> Result<(), Stop> {
        match self.away {
            None => {
                self.away = Some(Instant::now());
                self.say(Seen::Away).await
            }
            Some(since) if since.elapsed() > PATIENCE => {
                let way_out = format!(
                    "the run is safe: start `mainspring serve`, then `mainspring runs events {} --follow`",
                    self.run
                );
                Err(problem.suggest(way_out).into())
            }
            Some(_) => {
                sleep(ASK_AGAIN).await;
                Ok(())
            }
        }
    }

    async fn say(&self, seen: Seen) -> Result<(), Stop> {
        self.tell.send(Ok(seen)).await.map_err(|_| Stop::Unheard)
    }
}
