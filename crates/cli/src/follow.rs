//! The entries of a run as they are committed, across restarts of the server, with a word when it is away.

mod view;
mod watch;

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt};
use mainspring_api::{client::Client, event::EventView};
use mainspring_types::{Code, Problem, RunId};
use tokio::time::Instant;

pub(crate) use view::{Lines, View};
pub(crate) use watch::{INTERRUPTED, Watched, watch};

/// How long a server may be away before following ends.
const PATIENCE: Duration = Duration::from_mins(1);
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// What was seen next.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Seen {
    /// An entry of the run.
    Event(EventView),
    /// The server does not answer any more; it is asked again.
    Away,
    /// The server answers again; the entries go on where they broke off.
    Back,
}

impl Seen {
    /// What is said about it.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Event(_) => "",
            Self::Away => "the server is away; the run is safe, waiting for the server to come back",
            Self::Back => "the server is back; going on where it broke off",
        }
    }
}

/// Follows one run to its last entry.
pub(crate) struct Follow {
    client: Client,
    run: RunId,
    /// The entry seen last.
    after: u64,
    state: State,
}

enum State {
    /// Entries come.
    Open(Pin<Box<dyn Stream<Item = Result<EventView, Problem>> + Send>>),
    /// No stream is open; since when the server is away, once that was said.
    Closed { away: Option<Instant> },
    /// The last entry was seen.
    Over,
}

impl Follow {
    /// Follows the run after entry `after`.
    pub(crate) fn new(client: Client, run: RunId, after: u64) -> Self {
        Self { client, run, after, state: State::Closed { away: None } }
    }

    /// What is seen next, or `None` after the last entry. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<Seen>, Problem> {
        loop {
            match &mut self.state {
                State::Over => return Ok(None),
                State::Closed { away } => {
                    let away = *away;
                    if let Some(seen) = self.open(away).await? {
                        return Ok(Some(seen));
                    }
                }
                State::Open(entries) => match entries.next().await {
                    Some(Ok(event)) => return Ok(Some(self.seen(event))),
                    Some(Err(problem)) if problem.code != Code::Unreachable => return Err(problem),
                    Some(Err(_)) | None => self.broken().await,
                },
            }
        }
    }

    fn seen(&mut self, event: EventView) -> Seen {
        self.after = event.seq;
        if event.is_last() {
            self.state = State::Over;
        }
        Seen::Event(event)
    }

    async fn open(&mut self, away: Option<Instant>) -> Result<Option<Seen>, Problem> {
        match self.client.events(self.run, self.after).await {
            Ok(entries) => {
                self.state = State::Open(Box::pin(entries));
                Ok(away.map(|_| Seen::Back))
            }
            Err(problem) if problem.code == Code::Unreachable => self.wait(away, problem).await,
            Err(problem) => Err(problem),
        }
    }

    async fn wait(&mut self, away: Option<Instant>, problem: Problem) -> Result<Option<Seen>, Problem> {
        let Some(since) = away else {
            self.state = State::Closed { away: Some(Instant::now()) };
            return Ok(Some(Seen::Away));
        };
        if since.elapsed() > PATIENCE {
            return Err(problem.suggest(format!(
                "the run is safe: start `mainspring serve`, then `mainspring runs events {} --follow`",
                self.run
            )));
        }
        tokio::time::sleep(ASK_AGAIN).await;
        Ok(None)
    }

    /// The stream ended early. A run that had ended before we looked has no further entry.
    async fn broken(&mut self) {
        let over = matches!(self.client.run(self.run).await, Ok(run) if run.status.is_ended() && run.last_seq <= self.after);
        self.state = if over { State::Over } else { State::Closed { away: None } };
    }
}
