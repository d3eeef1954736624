//! What a model is just saying, in pieces that are worth sending.

use std::time::{Duration, Instant};

use mainspring_api::{event::DeltaKind, worker::Note};
use mainspring_runtimes::default::Delta;

use crate::execute::Scribe;

/// How long words are gathered: short enough to look like speech, long enough to be few.
const GATHERED: Duration = Duration::from_millis(30);

/// The words of one model call on their way to whoever watches.
pub(super) struct Deltas {
    scribe: Scribe,
    turn: u32,
    call: u32,
    kind: DeltaKind,
    words: String,
    sent: Instant,
    /// The tool that was named last: only the beginning of a call is told.
    tool: Option<String>,
    unheard: bool,
}

impl Deltas {
    pub(super) fn new(scribe: Scribe, turn: u32, call: u32) -> Self {
        let words = String::new();
        Self {
            scribe,
            turn,
            call,
            kind: DeltaKind::Text,
            words,
            sent: Instant::now(),
            tool: None,
            unheard: false,
        }
    }

    /// Words that nobody watches: they were heard before, or come to nothing.
    pub(super) fn unheard(self) -> Self {
        Self { unheard: true, ..self }
    }

    /// The call is made once more: whoever watches forgets what it said.
    pub(super) fn again(&mut self) {
        let (turn, call, kind) = (self.turn, self.call, DeltaKind::Again);
        self.scribe.note(Note::Delta { turn, call, kind, text: String::new() });
    }

    pub(super) fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Text { text } => self.say(DeltaKind::Text, &text),
            Delta::Thinking { text } => self.say(DeltaKind::Thinking, &text),
            Delta::ToolUse { name, .. } if self.tool.as_ref() != Some(&name) => {
                self.flush();
                self.kind = DeltaKind::Tool;
                self.words.clone_from(&name);
                self.flush();
                self.tool = Some(name);
            }
            Delta::ToolUse { .. } => {}
        }
    }

    fn say(&mut self, kind: DeltaKind, text: &str) {
        if kind != self.kind {
            self.flush();
            self.kind = kind;
        }
        self.tool = None;
        self.words.push_str(text);
        if self.sent.elapsed() >= GATHERED {
            self.flush();
        }
    }

    /// Sends what is gathered.
    pub(super) fn flush(&mut self) {
        let text = std::mem::take(&mut self.words);
        if text.is_empty() || self.unheard {
            return;
        }
        self.scribe.note(Note::Delta { turn: self.turn, call: self.call, kind: self.kind, text });
        self.sent = Instant::now();
    }
}
