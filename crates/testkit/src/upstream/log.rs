//! What was asked and what became of the answer.

use std::{
    fs::File,
    io::Write as _,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use mainspring_scripted::Api;
use mainspring_types::Timestamp;
use serde_json::{Value, json};

/// A request and what became of its answer.
#[derive(Clone, Debug)]
pub struct Logged {
    /// How many came before it, and one.
    pub number: usize,
    /// When it had come completely.
    pub at: Timestamp,
    /// What it is for, if any provider serves it.
    pub api: Option<Api>,
    /// The method in capitals.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers as they came, credentials too, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Bytes,
    /// The rule that answers, once that is decided and if it is one.
    pub rule: Option<String>,
    /// The status of the answer, once it is decided.
    pub status: Option<u16>,
    /// What became of the answer so far.
    pub outcome: Outcome,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is not at its end; a hang stays so until the client leaves.
    Pending,
    /// All that the script has for it went out, faulty or not.
    Sent,
    /// The connection was reset, as the script says.
    Reset,
    /// The client went away first.
    ClientDisconnected,
}

impl Outcome {
    /// The word in the log file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Reset => "reset",
            Self::ClientDisconnected => "client_disconnected",
        }
    }
}

impl Logged {
    /// Whether a model is to speak in the answer.
    pub fn is_call(&self) -> bool {
        self.api.is_some_and(Api::is_generation)
    }

    /// The value of a header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or null.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn request_line(&self) -> Value {
        let headers: serde_json::Map<_, _> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        json!({
            "event": "request", "number": self.number, "at": self.at.to_string(), "api": self.api.map(Api::as_str),
            "method": self.method, "path": self.path, "headers": headers, "body": self.json(),
        })
    }

    fn end_line(&self) -> Value {
        json!({
            "event": "end", "number": self.number, "at": Timestamp::now().to_string(), "rule": self.rule,
            "status": self.status, "outcome": self.outcome.as_str(),
        })
    }
}

/// All requests, in memory and in a file.
#[derive(Debug)]
pub(super) struct Log {
    entries: Mutex<Entries>,
    changed: Condvar,
}

#[derive(Debug)]
struct Entries {
    all: Vec<Logged>,
    /// How many were forgotten, so that what ends later finds its own entry or none.
    forgotten: usize,
    file: Option<File>,
}

impl Entries {
    fn write(&mut self, line: &Value) {
        if let Some(file) = &mut self.file {
            writeln!(file, "{line}").expect("the log file can be written");
        }
    }
}

impl Log {
    pub(super) fn new(file: Option<File>) -> Self {
        let entries = Entries { all: Vec::new(), forgotten: 0, file };
        Self { entries: Mutex::new(entries), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a request under the next number, which is returned.
    pub(super) fn enter(&self, mut entry: Logged) -> usize {
        let mut entries = self.lock();
        entry.number = entries.forgotten + entries.all.len() + 1;
        entries.write(&entry.request_line());
        let number = entry.number;
        entries.all.push(entry);
        self.changed.notify_all();
        number
    }

    /// Changes the entry of that number, unless it was forgotten.
    pub(super) fn change(&self, number: usize, change: impl FnOnce(&mut Logged)) {
        let mut entries = self.lock();
        let Some(index) = number.checked_sub(entries.forgotten + 1) else { return };
        let entry = &mut entries.all[index];
        change(entry);
        let line = (entry.outcome != Outcome::Pending).then(|| entry.end_line());
        if let Some(line) = line {
            entries.write(&line);
        }
        self.changed.notify_all();
    }

    pub(super) fn entries(&self) -> Vec<Logged> {
        self.lock().all.clone()
    }

    pub(super) fn clear(&self) {
        let mut entries = self.lock();
        entries.forgotten += entries.all.len();
        entries.all.clear();
    }

    pub(super) fn wait_until(&self, within: Duration, wanted: impl Fn(&[Logged]) -> bool) -> Vec<Logged> {
        let deadline = Instant::now() + within;
        let mut entries = self.lock();
        while !wanted(&entries.all) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the log is not as wanted after {within:?}: {:#?}", entries.all);
            entries = self.changed.wait_timeout(entries, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        entries.all.clone()
    }
}
