//! The ceiling: a bare SQLite journal with group commit, and nothing else.
//!
//! The same rows as the product's journal (an envelope and a payload of 1 KB) and the same durability: WAL, FULL, one
//! thread that commits what has queued up. No core, no worker, no replay, no outbox.

use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    measure::{Interval, Sample},
    w1::{PAYLOAD, STEPS},
};

struct Append {
    run: [u8; 16],
    seq: i64,
    done: oneshot::Sender<()>,
}

pub(crate) struct Journal {
    queue: SyncSender<Append>,
    thread: JoinHandle<()>,
}

impl Journal {
    pub(crate) fn open(folder: &Path) -> Self {
        let connection = Connection::open(folder.join("ceiling.db")).expect("opens");
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
        Self { queue, thread }
    }

    pub(crate) fn close(self) {
        drop(self.queue);
        self.thread.join().expect("the journal ends");
    }

    /// `concurrency` clients append ten entries a run, each waiting for its commit, for `length`.
    pub(crate) async fn measure(&self, concurrency: usize, length: Duration) -> Sample {
        let interval = Interval::begin();
        let until = Instant::now() + length;
        let clients: Vec<_> = (0..concurrency)
            .map(|client| tokio::spawn(append_runs(self.queue.clone(), client as u128, until)))
            .collect();
        let mut latencies = Vec::new();
        for client in clients {
            latencies.extend(client.await.expect("a client ends"));
        }
        interval.end(concurrency, STEPS, latencies)
    }
}

async fn append_runs(queue: SyncSender<Append>, client: u128, until: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    // Ids grow with time, as those of the product do.
    let mut run = mainspring_types::RunId::generate().as_u128() & !0xffff_ffff | client << 20;
    while Instant::now() < until {
        let began = Instant::now();
        run += 1;
        for seq in 0..STEPS {
            let (done, durable) = oneshot::channel();
            let append = Append { run: run.to_be_bytes(), seq: seq.try_into().expect("small"), done };
            queue.send(append).expect("the journal runs");
            durable.await.expect("answered");
        }
        latencies.push(began.elapsed());
    }
    latencies
}

fn write(connection: &Connection, appends: &Receiver<Append>) {
    let payload = PAYLOAD.as_bytes();
    let envelope = "x".repeat(200);
    let mut done = Vec::new();
    while let Ok(first) = appends.recv() {
        connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut s| s.execute([])).expect("begins");
        let mut next = Some(first);
        while let Some(Append { run, seq, done: reply }) = next {
            connection
                .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4)")
                .and_then(|mut insert| insert.execute((run, seq, &envelope, payload)))
                .expect("appends");
            done.push(reply);
            next = if done.len() < 256 { appends.try_recv().ok() } else { None };
        }
        connection.prepare_cached("COMMIT").and_then(|mut s| s.execute([])).expect("commits");
        for reply in done.drain(..) {
            drop(reply.send(()));
        }
    }
}
