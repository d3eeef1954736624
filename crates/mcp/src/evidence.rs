//! What was seen of a server while it was connected, for whoever has to explain its end.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::gauge::Breach;

/// How much of the end of the standard error is kept, in bytes.
const COMPLAINTS_MAX: usize = 8 * 1024;

/// What readers of a connection note while it lasts.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    heard: AtomicU64,
    changed: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    breach: Option<Breach>,
    stray: Option<String>,
    complaints: Vec<u8>,
}

impl Evidence {
    /// A message came.
    pub(crate) fn hear(&self) {
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages have come.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// The server says that its tools are others now.
    pub(crate) fn change(&self) {
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Whether it has said so since this was last asked.
    pub(crate) fn take_change(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }

    /// The server broke a bound; the first time counts.
    pub(crate) fn convict(&self, breach: Breach) {
        self.seen().breach.get_or_insert(breach);
    }

    /// The bound that it broke.
    pub(crate) fn breach(&self) -> Option<Breach> {
        self.seen().breach
    }

    /// A line that is no message; the first one counts.
    pub(crate) fn stray(&self, line: &[u8]) {
        self.seen().stray.get_or_insert_with(|| printable(&String::from_utf8_lossy(line)));
    }

    /// The first line that was no message.
    pub(crate) fn strayed(&self) -> Option<String> {
        self.seen().stray.clone()
    }

    /// More of the standard error.
    pub(crate) fn complain(&self, bytes: &[u8]) {
        let mut seen = self.seen();
        seen.complaints.extend_from_slice(bytes);
        let surplus = seen.complaints.len().saturating_sub(COMPLAINTS_MAX);
        seen.complaints.drain(..surplus);
    }

    /// The end of the standard error, if there was any.
    pub(crate) fn complaints(&self) -> Option<String> {
        let text = printable(&String::from_utf8_lossy(&self.seen().complaints));
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // No reader panics between two fields; what one of them left is whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text without control characters, which could rewrite a terminal. Line ends and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control() || matches!(char, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_complaints_is_kept() {
        let evidence = Evidence::default();
        assert_eq!(evidence.complaints(), None);
        for number in 0..10_000 {
            evidence.complain(format!("line {number}\n").as_bytes());
        }
        let complaints = evidence.complaints().expect("some");
        assert!(complaints.len() <= COMPLAINTS_MAX && complaints.ends_with("line 9999"), "{complaints}");
    }

    #[test]
    fn a_terminal_is_not_rewritten() {
        assert_eq!(printable("\u{1b}[2Jall\tis\nwell\r\u{7}"), "[2Jall\tis\nwell");
    }
}
