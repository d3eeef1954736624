//! The ceiling: a bare SQLite journal with group commit, and nothing else.
//!
//! The same rows as the product's journal (an envelope and a payload of 1 KB) and the same durability: WAL, FULL, one
//! thread that commits what has queued up. No core, no worker, no replay, no outbox.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
    time::Duration,
};

use mainspring_types::RunId;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    measure::{Sample, drive},
    w1::{PAYLOAD, STEPS},
};

/// As many entries as the product puts into a commit.
const BATCH_MAX: usize = 256;

struct Append {
    run: RunId,
    seq: u32,
    payload: Cow<'static, str>,
    durable: oneshot::Sender<()>,
}

/// The journal of a folder and its thread.
pub(crate) struct Journal {
    clerk: Clerk,
    thread: JoinHandle<()>,
}

/// Where entries are handed in.
#[derive(Clone)]
pub(crate) struct Clerk(SyncSender<Append>);

impl Journal {
    pub(crate) fn file(folder: &Path) -> PathBuf {
        folder.join("ceiling.db")
    }

    pub(crate) fn open(folder: &Path) -> Self {
        let connection = Connection::open(Self::file(folder)).expect("opens");
        connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        connection.pragma_update(None, "synchronous", "FULL").expect("FULL");
        connection
            .execute_batch(
                "CREATE TABLE entries (run BLOB, seq INTEGER, envelope TEXT, payload BLOB);
                 CREATE UNIQUE INDEX by_seq ON entries (run, seq);",
            )
            .expect("a schema");
        let (queue, appends) = sync_channel(4096);
        let thread = std::thread::spawn(move || write(&connection, &appends));
        Self { clerk: Clerk(queue), thread }
    }

    /// Where clients hand in their entries.
    pub(crate) fn clerk(&self) -> Clerk {
        self.clerk.clone()
    }

    /// Ends once every clerk is gone.
    pub(crate) fn close(self) {
        drop(self.clerk);
        self.thread.join().expect("the journal ends");
    }

    /// `concurrency` clients append ten entries a run, each waiting for its commit, for `length`.
    pub(crate) async fn measure(&self, concurrency: usize, length: Duration) -> Sample {
        let clerk = self.clerk();
        drive((concurrency, STEPS), length, move || append_run(clerk.clone())).await
    }
}

async fn append_run(clerk: Clerk) {
    let run = RunId::generate();
    for seq in (0..).take(STEPS) {
        clerk.append(run, seq, Cow::Borrowed(PAYLOAD.as_str())).await;
    }
}

impl Clerk {
    /// Appends an entry; durable once this returns.
    pub(crate) async fn append(&self, run: RunId, seq: u32, payload: Cow<'static, str>) {
        let (durable, told) = oneshot::channel();
        self.0.send(Append { run, seq, payload, durable }).expect("the journal runs");
        told.await.expect("answered");
    }
}

fn write(connection: &Connection, appends: &Receiver<Append>) {
    let envelope = "x".repeat(200);
    let run = |statement| connection.prepare_cached(statement).and_then(|mut cached| cached.execute([]));
    let mut waiting = Vec::new();
    while let Ok(first) = appends.recv() {
        run("BEGIN IMMEDIATE").expect("begins");
        let mut next = Some(first);
        while let Some(Append { run, seq, payload, durable }) = next {
            let run = run.as_u128().to_be_bytes();
            connection
                .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4)")
                .and_then(|mut insert| insert.execute((run, seq, &envelope, payload.as_bytes())))
                .expect("appends");
            waiting.push(durable);
            next = if waiting.len() < BATCH_MAX { appends.try_recv().ok() } else { None };
        }
        run("COMMIT").expect("commits");
        for durable in waiting.drain(..) {
            // Nobody waits for the last entries of a client that was stopped.
            let _ = durable.send(());
        }
    }
}
