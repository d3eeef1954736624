//! The lines an agent writes, as notes: cut, capped, and without its answer.
//!
//! An attempt logs at most 1,000 lines or 256 KiB, and 2 KiB a line; what comes after is counted and left out. Two streams
//! have half of that each, so that a flood on one does not silence the other. A package prints its answer where it may log
//! too, so a line that may begin the answer is held back until another line follows.

use mainspring_api::worker::Note;

use crate::execute::Scribe;

const LINES_MAX: usize = 1_000;
const BYTES_MAX: usize = 256 * 1024;
const LINE_MAX: usize = 2 * 1024;
/// How much is held back before it is taken for no answer.
const HELD_MAX: usize = 256;

/// What one stream may still log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    lines: usize,
    bytes: usize,
}

impl Budget {
    /// All that an attempt may log.
    pub(super) const WHOLE: Self = Self { lines: LINES_MAX, bytes: BYTES_MAX };
    /// The share of one stream of two.
    pub(super) const HALF: Self = Self { lines: LINES_MAX / 2, bytes: BYTES_MAX / 2 };

    /// How many of `lines` fit. The first that does not ends the log: a shorter one after it would come out of order.
    fn take(&mut self, lines: &[String]) -> usize {
        for (index, line) in lines.iter().enumerate() {
            let left = (self.lines.checked_sub(1), self.bytes.checked_sub(line.len()));
            let (Some(lines), Some(bytes)) = left else {
                *self = Self { lines: 0, bytes: 0 };
                return index;
            };
            *self = Self { lines, bytes };
        }
        lines.len()
    }
}

/// What may be among the lines of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// Nothing but log.
    Log,
    /// Log, and a JSON object that is the answer.
    LogAndAnswer,
    /// Log, and a JSON object that is the answer; or nothing but the answer, as text.
    LogOrAnswer,
}

/// The lines of one stream on their way into the log.
pub(super) struct Lines {
    scribe: Scribe,
    stream: &'static str,
    content: Content,
    budget: Budget,
    /// The beginning of the line that is being read.
    line: Vec<u8>,
    cut: Cut,
    /// Lines that may be the answer.
    held: Vec<String>,
    dropped: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    No,
    Yes,
}

impl Lines {
    pub(super) fn new(scribe: Scribe, stream: &'static str, content: Content, budget: Budget) -> Self {
        let (line, held) = (Vec::new(), Vec::new());
        Self { scribe, stream, content, budget, line, cut: Cut::No, held, dropped: 0 }
    }

    /// Takes in the next bytes and notes the lines they end.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.budget.lines == 0 {
            self.dropped += bytes.split(|&byte| byte == b'\n').skip(1).count() as u64;
            return;
        }
        let mut ready = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.extend(end);
                    let line = self.take_line();
                    self.sort(line, &mut ready);
                }
                None => self.extend(piece),
            }
        }
        self.note(ready);
    }

    /// Notes what is left, with or without the lines that were held back.
    pub(super) fn finish(mut self, held: Held) {
        if !self.line.is_empty() {
            let line = self.take_line();
            let mut ready = Vec::new();
            self.sort(line, &mut ready);
            self.note(ready);
        }
        if held == Held::Log {
            let lines = std::mem::take(&mut self.held);
            self.note(lines);
        }
        if self.dropped > 0 {
            self.write(Vec::new());
        }
    }

    /// Notes the lines that fit, and counts those that do not.
    fn note(&mut self, mut lines: Vec<String>) {
        let fitting = self.budget.take(&lines);
        let over = (lines.len() - fitting) as u64;
        lines.truncate(fitting);
        if fitting > 0 {
            self.write(lines);
        }
        self.dropped += over;
    }

    fn write(&mut self, lines: Vec<String>) {
        let dropped = std::mem::take(&mut self.dropped);
        self.scribe.note(Note::Log { stream: self.stream.to_owned(), lines, dropped });
    }

    fn extend(&mut self, piece: &[u8]) {
        let room = LINE_MAX - self.line.len();
        self.line.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            self.cut = Cut::Yes;
        }
    }

    fn take_line(&mut self) -> String {
        let bytes = std::mem::take(&mut self.line);
        let mut line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        if std::mem::replace(&mut self.cut, Cut::No) == Cut::Yes {
            line.push('…');
        }
        line
    }

    /// Puts a line to those that are ready, or holds it back as part of what may be the answer.
    fn sort(&mut self, line: String, ready: &mut Vec<String>) {
        let may_go_on = match self.content {
            Content::Log => false,
            Content::LogAndAnswer => !self.held.is_empty() && (line.is_empty() || self.is_open()),
            // Until an object follows, any line may be part of a text.
            Content::LogOrAnswer => true,
        };
        let goes_on = may_go_on && self.held.len() < HELD_MAX;
        if self.content != Content::Log && line.starts_with('{') {
            ready.append(&mut self.held);
            self.held.push(line);
        } else if goes_on {
            self.held.push(line);
        } else {
            ready.append(&mut self.held);
            ready.push(line);
        }
    }

    /// Whether an object was begun, on a line of its own, and not closed.
    fn is_open(&self) -> bool {
        self.held.first().is_some_and(|first| first == "{") && !self.held.iter().any(|line| line == "}")
    }
}

/// What became of the lines that were held back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// They were the answer.
    Answer,
    /// They were log.
    Log,
}

#[cfg(test)]
mod tests;
