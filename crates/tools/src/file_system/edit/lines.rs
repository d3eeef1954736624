//! Lines of a file as they are shown with an edit: those that changed, and those that come closest to a text.

use std::fmt::Write as _;

/// Lines shown before and after a change.
const AROUND: usize = 2;

const SHOWN_MAX: usize = 30;
const CHARS_MAX: usize = 300;

/// What is compared of a file at most: likeness costs more than equality.
const COMPARED_MAX: usize = 50_000;

/// The lines that hold `length` bytes from `place` on, and some around them.
pub(super) fn numbered(content: &[u8], place: usize, length: usize) -> String {
    let first = line_of(content, place);
    let last = line_of(content, place + length);
    let from = first.saturating_sub(AROUND);
    let until = (last + AROUND + 1).min(from + SHOWN_MAX);
    let mut text = String::new();
    for (index, line) in lines(content).enumerate().take(until).skip(from) {
        show(&mut text, index, &line);
    }
    text
}

/// The index of the line that a place is in.
pub(super) fn line_of(content: &[u8], place: usize) -> usize {
    content[..place].split(|byte| *byte == b'\n').count() - 1
}

/// The three lines that are most like the first line of the text, if any is like it.
pub(super) fn closest(content: &[u8], text: &str) -> String {
    const LIKE: f64 = 0.5;
    let Some(wanted) = text.lines().map(str::trim).find(|line| !line.is_empty()) else {
        return String::new();
    };
    let wanted = cut(wanted);
    let mut likely: Vec<(f64, usize, String)> = lines(content)
        .enumerate()
        .take(COMPARED_MAX)
        .map(|(index, line)| (strsim::sorensen_dice(wanted, cut(line.trim())), index, line))
        .filter(|(likeness, ..)| *likeness > LIKE)
        .collect();
    likely.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    likely.truncate(3);
    likely.sort_by_key(|(_, index, _)| *index);
    let mut shown = String::new();
    for (_, index, line) in &likely {
        show(&mut shown, *index, line);
    }
    shown
}

fn lines(content: &[u8]) -> impl Iterator<Item = String> {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    content
        .split(|byte| *byte == b'\n')
        .map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
}

fn show(text: &mut String, index: usize, line: &str) {
    let _ = writeln!(text, "{:>6}\t{}", index + 1, cut(line));
}

fn cut(line: &str) -> &str {
    line.char_indices().nth(CHARS_MAX).map_or(line, |(end, _)| &line[..end])
}
