//! Writes text with the white space of a page made plain: blocks apart, words one space apart.

use std::fmt::Write as _;

/// Deeper lists are not indented further.
const DEPTH_MAX: usize = 10;

/// What was written, and what is owed before the next text.
#[derive(Default)]
pub(super) struct Writer {
    out: String,
    /// Line ends owed, two at most.
    breaks: usize,
    /// Whether a space is owed.
    space: bool,
    /// What the next text begins with: the mark of its heading or item.
    mark: String,
    /// The open lists, each with its next number when it counts.
    lists: Vec<Option<u32>>,
    preformatted: bool,
    link: Option<Link>,
    /// Whether the row has a cell already.
    in_row: bool,
}

/// A link that is open.
struct Link {
    target: String,
    /// Where its text begins, once there is some.
    start: Option<usize>,
}

impl Writer {
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(mut self) -> String {
        self.end_link();
        if self.preformatted {
            self.end_code_block();
        }
        self.out.truncate(self.out.trim_end().len());
        self.out
    }

    /// What follows stands apart, unless it begins an item.
    pub(super) fn block(&mut self) {
        if self.mark.is_empty() {
            self.breaks = 2;
        }
    }

    /// What follows stands apart and begins with a mark.
    pub(super) fn open(&mut self, mark: &str) {
        self.block();
        self.mark.push_str(mark);
    }

    /// What was opened ends, whether or not it had a text.
    pub(super) fn close(&mut self) {
        self.mark.clear();
        self.breaks = 2;
    }

    pub(super) fn heading(&mut self, level: usize) {
        self.open(&format!("{} ", "#".repeat(level)));
    }

    pub(super) fn line_end(&mut self) {
        self.breaks = self.breaks.max(1);
    }

    pub(super) fn line(&mut self) {
        if self.preformatted { self.out.push('\n') } else { self.line_end() }
    }

    pub(super) fn rule(&mut self) {
        self.block();
        self.word("---");
        self.block();
    }

    pub(super) fn list(&mut self, first: Option<u32>) {
        self.breaks = if self.lists.is_empty() { 2 } else { 1 };
        self.lists.push(first);
    }

    pub(super) fn end_list(&mut self) {
        self.lists.pop();
        self.mark.clear();
        self.breaks = if self.lists.is_empty() { 2 } else { 1 };
    }

    pub(super) fn item(&mut self) {
        self.line_end();
        let depth = self.lists.len().saturating_sub(1).min(DEPTH_MAX);
        self.mark = "  ".repeat(depth);
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let _ = write!(self.mark, "{number}. ");
                *number = number.saturating_add(1);
            }
            _ => self.mark.push_str("- "),
        }
    }

    pub(super) fn row(&mut self) {
        self.line_end();
        self.in_row = false;
    }

    pub(super) fn cell(&mut self) {
        if std::mem::replace(&mut self.in_row, true) {
            self.word(" |");
            self.space = true;
        }
    }

    pub(super) fn code_block(&mut self) {
        if !self.preformatted {
            self.block();
            self.word("```\n");
            self.preformatted = true;
        }
    }

    pub(super) fn end_code_block(&mut self) {
        if std::mem::take(&mut self.preformatted) {
            if !self.out.ends_with('\n') {
                self.out.push('\n');
            }
            self.word("```");
            self.block();
        }
    }

    /// The edge of a piece of code within a line.
    pub(super) fn tick(&mut self) {
        if !self.preformatted {
            self.word("`");
        }
    }

    pub(super) fn image(&mut self, words: &str) {
        if !words.is_empty() {
            self.text(&format!("[image: {words}]"));
        }
    }

    /// A link begins; the one that is open ends, since links do not nest.
    pub(super) fn link(&mut self, target: Option<String>) {
        self.end_link();
        self.link = target.map(|target| Link { target, start: None });
    }

    pub(super) fn end_link(&mut self) {
        if let Some(Link { target, start: Some(_) }) = self.link.take() {
            let _ = write!(self.out, "]({target})");
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if self.preformatted {
            self.begin();
            self.out.push_str(text);
            return;
        }
        self.space |= text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            self.word(word);
            self.space = true;
        }
        self.space &= text.ends_with(char::is_whitespace);
    }

    fn word(&mut self, word: &str) {
        self.begin();
        self.out.push_str(word);
    }

    /// Pays what is owed before a text.
    fn begin(&mut self) {
        let breaks = std::mem::take(&mut self.breaks);
        let space = std::mem::take(&mut self.space);
        if breaks > 0 && !self.out.is_empty() {
            self.out.extend(std::iter::repeat_n('\n', breaks));
        } else if space && !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push(' ');
        }
        self.out.push_str(&std::mem::take(&mut self.mark));
        if let Some(link @ Link { start: None, .. }) = &mut self.link {
            link.start = Some(self.out.len());
            self.out.push('[');
        }
    }
}
