//! The processes that are looked at: `footprint-helper MODE FOLDER AMOUNT`, each of which prints one JSON object.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::paused;
use crate::{
    ceiling::Journal,
    memory,
    product::{Instantly, Product, run_once},
    scratch::bytes_of,
};

/// Runs at once while memory is loaded.
const LOAD: usize = 64;

/// A process before and after load, in MB, and what each of its runs left on the disk, in KB.
#[derive(Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) idle: f64,
    pub(super) loaded: f64,
    pub(super) peak: f64,
    pub(super) disk: f64,
}

/// A process with an open folder: how long opening took, and its memory then.
#[derive(Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) ms: f64,
    pub(super) mb: f64,
}

/// What a process of this binary does that was started by [`super::helper()`].
pub(crate) fn entered(mut words: impl Iterator<Item = String>) -> ExitCode {
    let (mode, folder) = (words.next().unwrap_or_default(), PathBuf::from(words.next().unwrap_or_default()));
    let amount: f64 = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match mode.as_str() {
            "cold" => tell(&cold(&folder).await),
            "load" => tell(&load(&folder, Duration::from_secs_f64(amount)).await),
            "load-ceiling" => tell(&load_ceiling(&folder, Duration::from_secs_f64(amount)).await),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            "pause" => tell(&pause(&folder, amount as usize).await),
            "reopen" => tell(&open(&folder).await),
            _ => return ExitCode::from(2),
        }
        ExitCode::SUCCESS
    })
}

fn tell(found: &impl Serialize) {
    println!("{}", serde_json::to_string(found).expect("plain data"));
}

/// Says so as soon as the first run is done; what follows is not counted.
async fn cold(folder: &Path) {
    let product = Product::start(folder, Arc::new(Instantly)).await;
    run_once(product.engine().clone()).await;
}

async fn load(folder: &Path, length: Duration) -> Taken {
    let product = Product::start(folder, Arc::new(Instantly)).await;
    let idle = memory::own();
    let sample = product.measure(LOAD, length).await;
    let (loaded, peak) = (memory::own(), memory::highest());
    product.stop().await;
    Taken { idle, loaded, peak, disk: disk(&Product::data(folder).database(), sample.runs) }
}

async fn load_ceiling(folder: &Path, length: Duration) -> Taken {
    let journal = Journal::open(folder);
    let idle = memory::own();
    let sample = journal.measure(LOAD, length).await;
    let (loaded, peak) = (memory::own(), memory::highest());
    journal.close();
    Taken { idle, loaded, peak, disk: disk(&Journal::file(folder), sample.runs) }
}

async fn pause(folder: &Path, runs: usize) -> Opened {
    let began = Instant::now();
    let product = paused::many(folder, runs, LOAD).await;
    let opened = Opened { ms: millis(began), mb: memory::own() };
    product.stop().await;
    opened
}

async fn open(folder: &Path) -> Opened {
    let began = Instant::now();
    let product = Product::start(folder, Arc::new(Instantly)).await;
    let opened = Opened { ms: millis(began), mb: memory::own() };
    product.stop().await;
    opened
}

fn millis(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

/// Kilobytes on the disk for each run, once the write-ahead log is folded back.
#[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
fn disk(database: &Path, runs: usize) -> f64 {
    let connection = rusqlite::Connection::open(database).expect("opens");
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .expect("nobody else has it open");
    bytes_of(database) as f64 / 1024.0 / runs.max(1) as f64
}
