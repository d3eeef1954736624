//! What a model writes, as a terminal shows it: wrapped at words, with the little of Markdown that helps reading.
//!
//! Headings and `**bold**` are bold, `` `code` `` is coloured, bullets are dots, fenced code keeps its lines. It is
//! painted from the front, so that a line can be shown before it is complete.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::output::{Palette, Tone};

/// Where in a text the painting stands.
#[derive(Clone, Default)]
pub(crate) struct Prose {
    /// Within fenced code.
    fenced: bool,
    /// Within the line: bold, code, and how far rows after the first are indented.
    bold: bool,
    code: bool,
    hang: usize,
}

/// More rows of a line than these are not kept back until it is complete: they would fill the terminal.
const KEPT_MAX: usize = 6;

impl Prose {
    /// Whole lines as rows of at most so many columns.
    pub(crate) fn lines(&mut self, text: &str, columns: usize, palette: Palette) -> Vec<String> {
        text.lines().flat_map(|line| self.line(line, columns, palette)).collect()
    }

    /// The rows of a line that goes on; nothing is remembered.
    pub(crate) fn unfinished(&self, text: &str, columns: usize, palette: Palette) -> Vec<String> {
        self.clone().line(text, columns, palette)
    }

    /// Of a line that goes on, the rows that will not change any more, and how many bytes they take.
    pub(crate) fn settled(
        &mut self,
        text: &str,
        columns: usize,
        palette: Palette,
    ) -> Option<(Vec<String>, usize)> {
        if self.fenced || text.starts_with('#') {
            return None;
        }
        let (goes_on, hang) = (self.hang > 0, self.hang.max(hang_of(text)));
        let rows = wrap(text, columns, hang);
        let last = rows.len().checked_sub(KEPT_MAX)?.checked_sub(1)?;
        self.hang = hang;
        let lines = rows[..=last].iter().enumerate();
        let painted =
            lines.map(|(index, row)| self.row(&text[row.clone()], index > 0 || goes_on, palette)).collect();
        Some((painted, rows[last].end))
    }

    /// A whole line, after which the next begins anew.
    fn line(&mut self, text: &str, columns: usize, palette: Palette) -> Vec<String> {
        let clean = clean(text);
        let rows = self.rows(&clean, columns, palette);
        (self.bold, self.code, self.hang) = (false, false, 0);
        rows
    }

    fn rows(&mut self, text: &str, columns: usize, palette: Palette) -> Vec<String> {
        if text.trim_start().starts_with("```") {
            self.fenced = !self.fenced;
            return vec![palette.dim(text)];
        }
        if self.fenced {
            return split(text, columns).map(str::to_owned).collect();
        }
        if let Some(heading) = heading(text) {
            let rows = wrap(heading, columns, 0);
            return rows.into_iter().map(|row| palette.strong(heading[row].trim_end())).collect();
        }
        let goes_on = self.hang > 0;
        self.hang = self.hang.max(hang_of(text));
        let rows = wrap(text, columns, self.hang);
        let rows = rows.into_iter().enumerate();
        rows.map(|(index, row)| self.row(&text[row], index > 0 || goes_on, palette)).collect()
    }

    /// One row with its bold words and its code.
    fn row(&mut self, text: &str, is_hanging: bool, palette: Palette) -> String {
        let text = text.trim_end();
        let mut row = if is_hanging { " ".repeat(self.hang) } else { String::new() };
        let dotted = bullet(text).filter(|_| !is_hanging);
        let mut rest = dotted.map_or(text, |(blanks, rest)| {
            row.push_str(blanks);
            row.push_str("• ");
            rest
        });
        while let Some(at) = self.mark(rest) {
            row.push_str(&self.paint(&rest[..at], palette));
            let length = if rest[at..].starts_with('`') { 1 } else { 2 };
            let mark = if length == 1 { &mut self.code } else { &mut self.bold };
            *mark = !*mark;
            rest = &rest[at + length..];
        }
        row + &self.paint(rest, palette)
    }

    /// Where bold or code begins or ends next.
    fn mark(&self, text: &str) -> Option<usize> {
        let code = text.find('`');
        if self.code {
            return code;
        }
        // With blanks on both sides it is a power, or a pair of stars.
        let is_blank = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
        let bold = text.match_indices("**").map(|(at, _)| at).find(|at| {
            let (before, after) =
                (at.checked_sub(1).and_then(|at| text.as_bytes().get(at)), text.as_bytes().get(at + 2));
            if self.bold { !is_blank(before) } else { is_blank(before) != is_blank(after) || *at == 0 }
        });
        code.into_iter().chain(bold).min()
    }

    fn paint(&self, text: &str, palette: Palette) -> String {
        match (self.code, self.bold) {
            _ if text.is_empty() => String::new(),
            (true, _) => palette.paint(Tone::Active, text),
            (_, true) => palette.strong(text),
            _ => text.to_owned(),
        }
    }
}

/// Dim rows, for what is said on the way to the answer.
pub(crate) fn aside(text: &str, columns: usize, palette: Palette) -> Vec<String> {
    let rows = |line: String| {
        let rows = wrap(&line, columns, 0);
        rows.into_iter().map(|row| palette.dim(line[row].trim_end())).collect::<Vec<_>>()
    };
    text.lines().map(clean).flat_map(rows).collect()
}

/// What a model writes must not move the cursor.
fn clean(line: &str) -> String {
    line.replace('\t', "    ").chars().filter(|c| !c.is_control()).collect()
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    text.strip_prefix(' ').filter(|_| (1..=6).contains(&level))
}

/// A line of a list: the blanks before its bullet, and what stands behind it.
fn bullet(line: &str) -> Option<(&str, &str)> {
    let text = line.trim_start_matches(' ');
    let rest = text.strip_prefix("- ").or_else(|| text.strip_prefix("* "))?;
    Some((&line[..line.len() - text.len()], rest))
}

/// How far the rows of this line are indented after its first.
fn hang_of(line: &str) -> usize {
    let text = line.trim_start_matches(' ');
    let blanks = line.len() - text.len();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marker = if text.starts_with("- ") || text.starts_with("* ") {
        2
    } else if digits > 0 && text[digits..].starts_with(". ") {
        digits + 2
    } else {
        0
    };
    (blanks + marker).min(20)
}

/// The rows of a line, broken at blanks where that can be; rows after the first are `hang` narrower.
fn wrap(text: &str, columns: usize, hang: usize) -> Vec<Range<usize>> {
    let columns = columns.max(hang + 10);
    let mut rows = Vec::new();
    let (mut begin, mut width, mut room) = (0, 0, columns);
    let mut gap: Option<(usize, usize)> = None;
    for (at, c) in text.char_indices() {
        let wide = c.width().unwrap_or(0);
        if width + wide > room && c != ' ' {
            let (end, taken) = gap.take().unwrap_or((at, width));
            rows.push(begin..end);
            (begin, width, room) = (end, width - taken, columns - hang);
        }
        width += wide;
        if c == ' ' {
            gap = Some((at + 1, width));
        }
    }
    rows.push(begin..text.len());
    rows
}

/// Pieces of at most so many columns.
fn split(text: &str, columns: usize) -> impl Iterator<Item = &str> {
    let rows: Vec<Range<usize>> = {
        let (mut rows, mut begin, mut width) = (Vec::new(), 0, 0);
        for (at, c) in text.char_indices() {
            let wide = c.width().unwrap_or(0);
            if width + wide > columns {
                rows.push(begin..at);
                (begin, width) = (at, 0);
            }
            width += wide;
        }
        rows.push(begin..text.len());
        rows
    };
    rows.into_iter().map(|row| &text[row])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, columns: usize) -> String {
        Prose::default().lines(text, columns, Palette::Plain).join("\n")
    }

    #[test]
    fn prose_wraps_at_words_and_lists_hang() {
        let text = "# The plan\nIt is **short** and `clear` enough to wrap.\n- first this thing here\n12. then that thing here";
        insta::assert_snapshot!(shown(text, 20), @"
        The plan
        It is short and
        clear enough to
        wrap.
        • first this thing
          here
        12. then that thing
            here
        ");
    }

    #[test]
    fn code_keeps_its_lines_and_its_signs() {
        insta::assert_snapshot!(shown("```rust\nlet a = **b;  // far too long for it\n```\ndone", 20), @"
        ```rust
        let a = **b;  // far
         too long for it
        ```
        done
        ");
        assert_eq!(shown("2 ** 3 and 2**3 stay", 60), "2 ** 3 and 2**3 stay");
    }

    #[test]
    fn tones_do_not_count_and_go_on_over_rows() {
        let rows = Prose::default().lines("**one two three** four", 10, Palette::Colour);
        assert_eq!(rows, ["\x1b[1mone two\x1b[0m", "\x1b[1mthree\x1b[0m", "four"]);
    }

    #[test]
    fn of_a_long_line_the_first_rows_are_settled() {
        let text = "word ".repeat(40);
        let mut prose = Prose::default();
        let (rows, taken) = prose.settled(&text, 20, Palette::Plain).expect("ten rows");
        assert_eq!((rows.len(), taken), (4, 80));
        assert_eq!(prose.unfinished(&text[taken..], 20, Palette::Plain).len(), 6);
        assert!(prose.settled("short", 20, Palette::Plain).is_none());
        let mut list = Prose::default();
        assert!(list.settled("- short", 20, Palette::Plain).is_none());
        assert_eq!(list.lines("- short", 20, Palette::Plain), ["• short"]);
    }

    #[test]
    fn what_a_model_writes_does_not_move_the_cursor() {
        assert_eq!(shown("a\x1b[2Jb\rc\t.", 20), "a[2Jbc    .");
        assert_eq!(aside("one two three", 9, Palette::Plain), ["one two", "three"]);
    }
}
