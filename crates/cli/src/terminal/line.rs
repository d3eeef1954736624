//! A line of text while it is typed: pure, keys in, text and cursor out.
//!
//! A line may have several rows: Alt-Enter, or a backslash before Enter, begins another.

use unicode_width::UnicodeWidthChar;

use super::Key;

/// What came of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Pressed {
    /// The line is as the key left it.
    Edited,
    /// The line is complete, and empty again.
    Done(String),
    /// Escape.
    Left,
    /// Ctrl-D on an empty line: nothing more comes.
    Ended,
}

/// How a line looks: its rows, and where the cursor stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Typed {
    /// The rows, the first behind the prompt.
    pub(crate) rows: Vec<String>,
    /// The cursor's row.
    pub(crate) row: usize,
    /// The cursor's column.
    pub(crate) column: usize,
}

/// A line that is being typed, and those typed before.
#[derive(Default)]
pub(crate) struct Line {
    text: Vec<char>,
    /// Before which character the cursor stands.
    cursor: usize,
    history: Vec<String>,
    /// Which line of the history is shown, counted from its end; 0 is the one that is new.
    back: usize,
    /// The new line, while one of the history is shown.
    draft: Vec<char>,
}

impl Line {
    /// A line that has this text already.
    pub(crate) fn with(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        Self { cursor: text.len(), text, ..Self::default() }
    }

    /// Whether nothing is typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes away what is typed.
    pub(crate) fn clear(&mut self) {
        self.set(Vec::new());
        self.back = 0;
    }

    /// Takes in a key.
    pub(crate) fn press(&mut self, key: Key) -> Pressed {
        match key {
            Key::Enter => return self.enter(),
            Key::Escape => return Pressed::Left,
            Key::Ctrl('d') if self.text.is_empty() => return Pressed::Ended,
            Key::Char(c) => self.insert([c]),
            Key::Paste(text) => self.insert(text.chars()),
            Key::AltEnter => self.insert(['\n']),
            Key::Tab => self.insert(['\t']),
            Key::Backspace | Key::Ctrl('h') => self.erase(self.cursor.saturating_sub(1)),
            Key::Delete | Key::Ctrl('d') => self.erase_to((self.cursor + 1).min(self.text.len())),
            Key::Ctrl('w') => self.erase(self.word_left()),
            Key::Ctrl('u') => self.erase(self.row_begin()),
            Key::Ctrl('k') => self.erase_to(self.row_end()),
            Key::Left | Key::Ctrl('b') => self.cursor = self.cursor.saturating_sub(1),
            Key::Right | Key::Ctrl('f') => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::WordLeft => self.cursor = self.word_left(),
            Key::WordRight => self.cursor = self.word_right(),
            Key::Home | Key::Ctrl('a') => self.cursor = self.row_begin(),
            Key::End | Key::Ctrl('e') => self.cursor = self.row_end(),
            Key::Up | Key::Ctrl('p') => self.up(),
            Key::Down | Key::Ctrl('n') => self.down(),
            Key::Ctrl(_) => {}
        }
        Pressed::Edited
    }

    /// The line behind `prompt`, wrapped to `columns`.
    pub(crate) fn typed(&self, prompt: &str, columns: usize) -> Typed {
        let lead = prompt.chars().map(width).sum::<usize>();
        let room = columns.max(lead + 2);
        let mut typed = Typed { rows: vec![prompt.to_owned()], row: 0, column: lead };
        let mut column = lead;
        for index in 0..=self.text.len() {
            let c = self.text.get(index).copied();
            let wide = c.map_or(1, width);
            if column + wide > room - 1 {
                typed.rows.push(" ".repeat(lead));
                column = lead;
            }
            if index == self.cursor {
                (typed.row, typed.column) = (typed.rows.len() - 1, column);
            }
            match c {
                Some('\n') => {
                    typed.rows.push(" ".repeat(lead));
                    column = lead;
                }
                Some(c) => {
                    let mut buffer = [0; 4];
                    let row = typed.rows.last_mut().expect("there is a first row");
                    row.push_str(if c == '\t' { "    " } else { c.encode_utf8(&mut buffer) });
                    column += wide;
                }
                None => {}
            }
        }
        typed
    }

    fn enter(&mut self) -> Pressed {
        if self.cursor == self.text.len() && self.text.last() == Some(&'\\') {
            self.text.pop();
            self.text.push('\n');
            return Pressed::Edited;
        }
        let text: String = self.text.iter().collect();
        if !text.trim().is_empty() && self.history.last() != Some(&text) {
            self.history.push(text.clone());
        }
        self.clear();
        Pressed::Done(text)
    }

    fn set(&mut self, text: Vec<char>) {
        self.cursor = text.len();
        self.text = text;
    }

    fn insert(&mut self, text: impl IntoIterator<Item = char>) {
        let text: Vec<char> = text.into_iter().collect();
        let end = self.cursor + text.len();
        self.text.splice(self.cursor..self.cursor, text);
        self.cursor = end;
    }

    /// Erases from `begin` to the cursor.
    fn erase(&mut self, begin: usize) {
        self.text.drain(begin..self.cursor);
        self.cursor = begin;
    }

    fn erase_to(&mut self, end: usize) {
        self.text.drain(self.cursor..end);
    }

    fn word_left(&self) -> usize {
        let before = &self.text[..self.cursor];
        let word = before.iter().rposition(|c| !c.is_whitespace()).unwrap_or(0);
        before[..word].iter().rposition(|c| c.is_whitespace()).map_or(0, |blank| blank + 1)
    }

    fn word_right(&self) -> usize {
        let after = &self.text[self.cursor..];
        let word = after.iter().position(|c| !c.is_whitespace()).unwrap_or(after.len());
        let length = after[word..].iter().position(|c| c.is_whitespace()).unwrap_or(after.len() - word);
        self.cursor + word + length
    }

    fn row_begin(&self) -> usize {
        self.text[..self.cursor].iter().rposition(|c| *c == '\n').map_or(0, |end| end + 1)
    }

    fn row_end(&self) -> usize {
        let after = &self.text[self.cursor..];
        self.cursor + after.iter().position(|c| *c == '\n').unwrap_or(after.len())
    }

    /// To the row above; from the first to the line typed before.
    fn up(&mut self) {
        let begin = self.row_begin();
        if begin > 0 {
            let column = self.cursor - begin;
            self.cursor = begin - 1;
            let above = self.row_begin();
            self.cursor = (above + column).min(begin - 1);
        } else if self.back < self.history.len() {
            if self.back == 0 {
                self.draft = std::mem::take(&mut self.text);
            }
            self.recall(self.back + 1);
        }
    }

    /// To the row below; from the last to the line typed after.
    fn down(&mut self) {
        let end = self.row_end();
        if end < self.text.len() {
            let column = self.cursor - self.row_begin();
            self.cursor = end + 1;
            self.cursor = (end + 1 + column).min(self.row_end());
        } else if self.back > 0 {
            self.recall(self.back - 1);
        }
    }

    fn recall(&mut self, back: usize) {
        self.back = back;
        let text = match back {
            0 => std::mem::take(&mut self.draft),
            back => self.history[self.history.len() - back].chars().collect(),
        };
        self.set(text);
    }
}

fn width(c: char) -> usize {
    if c == '\t' { 4 } else { c.width().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Keys;

    /// The line after these bytes, the cursor shown as `|`.
    fn after(line: &mut Line, bytes: &str) -> String {
        for key in Keys::default().feed(bytes.as_bytes()) {
            line.press(key);
        }
        let mut text = line.text.clone();
        text.insert(line.cursor, '|');
        text.into_iter().collect()
    }

    fn typed(bytes: &str) -> String {
        after(&mut Line::default(), bytes)
    }

    #[test]
    fn keys_move_and_erase_as_in_a_shell() {
        let table = [
            ("ab\x1b[Dc", "ac|b"),
            ("héllo\x7f\x7f", "hél|"),
            ("one two\x17", "one |"),
            ("one two\x15", "|"),
            ("one two\x01\x0b", "|"),
            ("one two\x01x\x05y", "xone twoy|"),
            ("one two\x1b[1;5D", "one |two"),
            ("one two\x01\x1b[1;5C", "one| two"),
            ("ab\x01\x1b[3~", "|b"),
        ];
        for (bytes, line) in table {
            assert_eq!(typed(bytes), line, "{bytes:?}");
        }
    }

    #[test]
    fn a_line_is_done_with_enter_unless_it_goes_on() {
        let mut line = Line::default();
        assert_eq!(after(&mut line, "one\\\rtwo\x1b\rthree"), "one\ntwo\nthree|");
        assert_eq!(line.press(Key::Enter), Pressed::Done("one\ntwo\nthree".to_owned()));
        assert!(line.is_empty());
        assert_eq!(line.press(Key::Ctrl('d')), Pressed::Ended);
    }

    #[test]
    fn up_and_down_go_through_rows_and_then_through_history() {
        let mut line = Line::default();
        after(&mut line, "first\r");
        after(&mut line, "second\r");
        assert_eq!(after(&mut line, "draft\x1b[A"), "second|");
        assert_eq!(after(&mut line, "\x1b[A\x1b[A"), "first|");
        assert_eq!(after(&mut line, "\x1b[B\x1b[B"), "draft|");
        assert_eq!(after(&mut line, "\\\rxy\x1b[A!"), "dr!|aft\nxy");
    }

    #[test]
    fn a_paste_is_text_to_its_last_line_end() {
        assert_eq!(typed("\x1b[200~a\rb\x1b[201~"), "a\nb|");
    }

    #[test]
    fn a_long_line_wraps_under_its_prompt_and_the_cursor_follows() {
        let line = Line::with("abcdefg");
        let shown = line.typed("> ", 7);
        assert_eq!(shown, Typed { rows: vec!["> abcd".to_owned(), "  efg".to_owned()], row: 1, column: 5 });
        let wide = Line::with("漢字").typed("> ", 20);
        assert_eq!((wide.rows, wide.column), (vec!["> 漢字".to_owned()], 6));
        assert_eq!(Line::with("a\n").typed("> ", 20).row, 1);
    }
}
