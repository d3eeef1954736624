//! The foot of a terminal, drawn again and again: settled lines scroll away above it and stay.
//!
//! The cursor is hidden while something is drawn and comes back when the screen is dropped, on every way out.

use std::{fmt::Write as _, io::Write};

/// Draws on a terminal. Lines must fit its width: a wrapped line would be counted as one.
pub(crate) struct Screen<W: Write> {
    terminal: W,
    /// How many lines of the foot stand above the cursor now.
    above: usize,
}

/// Where the cursor stands in the foot, for whoever types there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cursor {
    /// Which line of the foot.
    pub(crate) row: usize,
    /// Which column, from 0.
    pub(crate) column: usize,
}

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
// Terminals that know synchronised updates show the frame at once; others ignore the words.
const BEGIN_FRAME: &str = "\x1b[?2026h";
const END_FRAME: &str = "\x1b[?2026l";

impl<W: Write> Screen<W> {
    /// A screen with nothing drawn yet.
    pub(crate) fn new(terminal: W) -> Self {
        Self { terminal, above: 0 }
    }

    /// Writes `settled` to stay, and `foot` below it in place of the foot before. The cursor is seen where it is asked
    /// for, and where nothing is drawn.
    pub(crate) fn draw(&mut self, settled: &[String], foot: &[String], cursor: Option<Cursor>) {
        let mut frame = format!("{BEGIN_FRAME}{HIDE_CURSOR}\r");
        if self.above > 0 {
            let _ = write!(frame, "\x1b[{}A", self.above);
        }
        frame.push_str("\x1b[J");
        for line in settled.iter().chain(foot) {
            frame.push_str(line);
            frame.push('\n');
        }
        self.above = foot.len();
        if let Some(cursor) = cursor.filter(|cursor| cursor.row < foot.len()) {
            let _ = write!(frame, "\x1b[{}A", foot.len() - cursor.row);
            if cursor.column > 0 {
                let _ = write!(frame, "\x1b[{}C", cursor.column);
            }
            self.above = cursor.row;
        }
        if foot.is_empty() || cursor.is_some() {
            frame.push_str(SHOW_CURSOR);
        }
        frame.push_str(END_FRAME);
        self.put(&frame);
    }

    fn put(&mut self, text: &str) {
        // A terminal that is gone has nobody to tell.
        let _ = self.terminal.write_all(text.as_bytes()).and_then(|()| self.terminal.flush());
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        self.put(SHOW_CURSOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_foot_is_replaced_and_settled_lines_stay() {
        let mut bytes = Vec::new();
        let mut screen = Screen::new(&mut bytes);
        screen.draw(&[], &["spinning".to_owned()], None);
        screen.draw(&["done".to_owned()], &[], None);
        drop(screen);
        let text = String::from_utf8(bytes).expect("all of it is text");
        assert!(text.contains("\x1b[1A\x1b[Jdone\n"), "{text:?}");
        assert!(text.ends_with(SHOW_CURSOR));
    }

    #[test]
    fn the_cursor_stands_where_somebody_types() {
        let mut bytes = Vec::new();
        let mut screen = Screen::new(&mut bytes);
        screen.draw(
            &[],
            &["one".to_owned(), "> ab".to_owned(), "hint".to_owned()],
            Some(Cursor { row: 1, column: 4 }),
        );
        screen.draw(&[], &[], None);
        drop(screen);
        let text = String::from_utf8(bytes).expect("all of it is text");
        assert!(text.contains("hint\n\x1b[2A\x1b[4C\x1b[?25h"), "{text:?}");
        assert!(text.contains("\r\x1b[1A\x1b[J"), "{text:?}");
    }
}
