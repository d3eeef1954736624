//! The stream of one run across restarts of the server.
//!
//! ```text
//!  connect -> entries -> the last entry: end
//!     ^          |
//!     '- wait <--'  the connection broke, or ended early: goes on after the entry seen last
//! ```

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use mainspring_types::{Code, Problem, RunId};
use tokio::time::Instant;

use super::Client;
use crate::event::EventView;

const WAIT_MIN: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(1);

type Item = Result<EventView, Problem>;

pub(super) fn follow(
    client: Client,
    run: RunId,
    after: u64,
    patience: Duration,
) -> impl Stream<Item = Item> + Send + use<> {
    let follow = Follow { client, run, after, patience, lost: None, entries: None };
    stream::unfold(Some(follow), |follow| async { follow?.next().await })
}

struct Follow {
    client: Client,
    run: RunId,
    /// The entry seen last.
    after: u64,
    patience: Duration,
    /// Since when the server is out of reach, and how long to wait before asking it again.
    lost: Option<(Instant, Duration)>,
    entries: Option<Pin<Box<dyn Stream<Item = Item> + Send>>>,
}

impl Follow {
    /// The next item, and what is left to follow after it.
    async fn next(mut self) -> Option<(Item, Option<Self>)> {
        loop {
            match self.step().await {
                Ok(event) => {
                    let event = event?;
                    self.after = event.seq;
                    let left = (!event.is_last()).then_some(self);
                    return Some((Ok(event), left));
                }
                Err(problem) if self.bears(&problem) => self.wait().await,
                Err(problem) => return Some((Err(problem), None)),
            }
        }
    }

    /// The next entry, or `None` when the run had ended before; the stream is opened when there is none.
    async fn step(&mut self) -> Result<Option<EventView>, Problem> {
        let entries = match &mut self.entries {
            Some(entries) => entries,
            None => self.entries.insert(Box::pin(self.client.events(self.run, self.after).await?)),
        };
        self.lost = None;
        if let Some(event) = entries.next().await {
            return event.map(Some);
        }
        self.entries = None;
        let run = self.client.run(self.run).await?;
        if run.status.is_ended() && run.last_seq <= self.after {
            return Ok(None);
        }
        Err(Problem::new(Code::Unreachable, format!("the stream of run `{}` broke off", self.run)))
    }

    /// Whether a problem may pass by itself, and there is patience left for it.
    fn bears(&self, problem: &Problem) -> bool {
        let passing = problem.code == Code::Unreachable;
        passing && self.lost.is_none_or(|(since, _)| since.elapsed() < self.patience)
    }

    async fn wait(&mut self) {
        self.entries = None;
        let (since, wait) = self.lost.unwrap_or_else(|| (Instant::now(), WAIT_MIN));
        tokio::time::sleep(wait).await;
        self.lost = Some((since, (wait * 2).min(WAIT_MAX)));
    }
}
