//! The last lines of an output, in bounded memory.

use std::{collections::VecDeque, fmt};

/// How many lines are kept.
const LINES: usize = 20;

/// How many bytes of a line are kept.
const LINE_BYTES: usize = 500;

/// The last lines of an output. A carriage return ends a line too: progress bars write thousands.
#[derive(Default, Debug)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    open: Vec<u8>,
}

impl Tail {
    /// Takes in what was printed next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' | b'\r' => self.close(),
                _ if self.open.len() < LINE_BYTES => self.open.push(byte),
                _ => {}
            }
        }
    }

    fn close(&mut self) {
        let line = String::from_utf8_lossy(&self.open).trim_end().to_owned();
        self.open.clear();
        if !line.is_empty() {
            self.lines.push_back(line);
        }
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = String::from_utf8_lossy(&self.open);
        let lines = self.lines.iter().map(String::as_str).chain((!open.is_empty()).then_some(&*open));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept_and_long_ones_are_cut() {
        let mut tail = Tail::default();
        for number in 0..1000 {
            tail.push(format!("line {number}\r\n").as_bytes());
        }
        tail.push(&[b'x'; 10_000]);
        let text = tail.to_string();
        assert!(text.starts_with("line 980\n"), "{text}");
        assert!(text.ends_with(&format!("line 999\n{}", "x".repeat(LINE_BYTES))), "{text}");
    }
}
