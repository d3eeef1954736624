//! The stream of one run: what is committed, then what is committed next, until the run has ended.
//!
//! Between the entries it may tell what models are just saying. A piece that was said before an entry is read is told
//! before it; pieces that come too fast for the reader are lost, entries never are.

use std::{collections::VecDeque, future::pending};

use futures_util::{Stream, stream};
use mainspring_api::{
    client::Live,
    event::{Delta, EventView},
};
use mainspring_engine::Listener;
use mainspring_store::{Entry, Fault, Readers, RunKey};
use mainspring_types::{Code, Digest, Problem, Value};

use super::{ENTRIES, Plane, show::read_whole};
use crate::{view, whisper};

/// Whether a stream tells what models are just saying.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Deltas {
    /// Entries alone.
    #[default]
    Omitted,
    /// Between the entries, as it is said.
    Merged,
}

/// What is told of a run after its entry `after`. An error ends the stream; the caller resumes from the last entry it
/// has.
pub(super) fn follow(
    plane: Plane,
    key: RunKey,
    after: u64,
    deltas: Deltas,
) -> impl Stream<Item = Result<Live, Problem>> + Send {
    // Listening begins before the first read, so that nothing committed in between goes unheard.
    let news = plane.engine.bell().listen(&key);
    let speech = (deltas == Deltas::Merged).then(|| plane.whispers.listen(&key));
    let follower = Follower {
        plane,
        key,
        after,
        news,
        speech,
        unread: true,
        ready: VecDeque::new(),
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
    speech: Option<whisper::Listener>,
    /// Whether there may be entries that were not read.
    unread: bool,
    ready: VecDeque<Piece>,
    stream: view::Stream,
    over: bool,
}

enum Piece {
    Entry(Entry),
    Delta(Delta),
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Live, Problem>> {
        if self.over {
            return None;
        }
        let told = match self.next_piece().await {
            Ok(Some(Piece::Delta(delta))) => return Some(Ok(Live::Delta(delta))),
            Ok(Some(Piece::Entry(entry))) => self.show(&entry).await,
            Ok(None) => return None,
            Err(problem) => Err(problem),
        };
        self.over = told.as_ref().map_or(true, EventView::is_last);
        Some(told.map(Live::Entry))
    }

    /// What comes next, as soon as it is there; `None` after the last entry of an ended run.
    async fn next_piece(&mut self) -> Result<Option<Piece>, Problem> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if self.unread && self.read().await? {
                return Ok(None);
            }
            if self.ready.is_empty() {
                self.wait().await;
            }
        }
    }

    /// Reads on; says whether the run has ended and there is nothing left to tell.
    async fn read(&mut self) -> Result<bool, Problem> {
        self.news.forget();
        let said = self.speech.as_mut().map(whisper::Listener::pending).unwrap_or_default();
        let (key, after) = (self.key.clone(), self.after);
        let (ended, entries) = self.plane.read(move |readers| read_on(readers, &key, after)).await?;
        let over = ended && entries.is_empty();
        self.unread = !entries.is_empty();
        self.after = entries.last().map_or(after, |entry| entry.seq);
        self.ready.extend(said.into_iter().map(Piece::Delta));
        self.ready.extend(entries.into_iter().map(Piece::Entry));
        Ok(over)
    }

    /// Waits until there is something to read, or something is said.
    async fn wait(&mut self) {
        let said = async {
            match &mut self.speech {
                Some(speech) => speech.next().await,
                None => pending().await,
            }
        };
        tokio::select! {
            // However much is said, entries are told in time.
            biased;
            () = self.news.news() => self.unread = true,
            delta = said => self.ready.push_back(Piece::Delta(delta)),
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
    async fn find_result(&self, digest: Digest) -> Result<serde_json::Value, Problem> {
        let key = self.key.clone();
        let reading = self.plane.read(move |readers| read_whole(readers, &key)).await?;
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
