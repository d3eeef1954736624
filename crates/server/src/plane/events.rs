//! The stream of one run: what is committed, then what is committed next, until the run has ended.

use futures_util::{Stream, stream};
use mainspring_api::event::EventView;
use mainspring_engine::Listener;
use mainspring_store::{Entry, Fault, Readers, RunKey};
use mainspring_types::{Code, Problem, Value};

use super::{ENTRIES, Plane};
use crate::view;

/// The entries of a run after `after`. An error ends the stream; the caller resumes from the last event it has.
pub(super) fn follow(
    plane: Plane,
    key: RunKey,
    after: u64,
) -> impl Stream<Item = Result<EventView, Problem>> + Send {
    // Listening begins before the first read, so that nothing committed in between goes unheard.
    let news = plane.engine.bell().listen(&key);
    let follower = Follower {
        plane,
        key,
        after,
        news,
        ready: Vec::new().into_iter(),
        stream: view::Stream::default(),
        over: false,
    };
    stream::unfold(follower, |mut follower| async move {
        let next = follower.next().await?;
        Some((next, follower))
    })
}

struct Follower {
    plane: Plane,
    key: RunKey,
    after: u64,
    news: Listener,
    ready: std::vec::IntoIter<Entry>,
    stream: view::Stream,
    over: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<EventView, Problem>> {
        if self.over {
            return None;
        }
        let event = match self.next_entry().await {
            Ok(Some(entry)) => self.show(&entry).await,
            Ok(None) => return None,
            Err(problem) => Err(problem),
        };
        self.over = event.as_ref().map_or(true, EventView::is_last);
        Some(event)
    }

    /// The next entry, as soon as there is one; `None` after the last of an ended run.
    async fn next_entry(&mut self) -> Result<Option<Entry>, Problem> {
        loop {
            if let Some(entry) = self.ready.next() {
                self.after = entry.seq;
                return Ok(Some(entry));
            }
            self.news.forget();
            let (key, after) = (self.key.clone(), self.after);
            let (ended, entries) = self.plane.read(move |readers| read_on(readers, &key, after)).await?;
            if entries.is_empty() {
                if ended {
                    return Ok(None);
                }
                self.news.news().await;
            }
            self.ready = entries.into_iter();
        }
    }

    /// The entry as an event.
    async fn show(&mut self, entry: &Entry) -> Result<EventView, Problem> {
        let unreadable = |error: serde_json::Error| {
            Problem::new(Code::DataCorrupt, format!("read entry {} of {}", entry.seq, self.key.run))
                .because(&error)
        };
        let shown = self.stream.show(entry).map_err(unreadable)?;
        let mut event = shown.event;
        if let Some(digest) = shown.missing_result {
            let result = self.find_result(digest).await?;
            event.data.insert("result".into(), result);
        }
        Ok(event)
    }

    /// The result of a run whose last output this stream did not pass, or that lies in a blob.
    async fn find_result(&self, digest: mainspring_types::Digest) -> Result<serde_json::Value, Problem> {
        let key = self.key.clone();
        let reading = self.plane.read(move |readers| super::read_whole(readers, &key)).await?;
        let value = reading.result().unwrap_or(Value::Blob(digest));
        self.plane.result(&self.key.tenant, value).await
    }
}

/// The next entries, and, when there are none, whether the run has ended.
fn read_on(readers: &Readers, key: &RunKey, after: u64) -> Result<(bool, Vec<Entry>), Fault> {
    let entries = readers.entries(key, after, ENTRIES)?;
    if !entries.is_empty() {
        return Ok((false, entries));
    }
    let ended = readers.run(key)?.is_some_and(|run| run.ended_at.is_some());
    // It may have ended between the two reads, with entries that belong to this stream.
    let entries = if ended { readers.entries(key, after, ENTRIES)? } else { entries };
    Ok((ended, entries))
}
