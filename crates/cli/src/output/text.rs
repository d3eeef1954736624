//! Small words: durations, ages, counts and lines that fit.

use std::time::Duration;

use mainspring_types::Timestamp;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A duration as a person would say it: `45 ms`, `1.2 s`, `2 min 05 s`, `3 h 20 min`, `5 d 2 h`.
pub(crate) fn time(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    let seconds = (duration.as_millis() + 500) / 1000;
    match seconds {
        _ if duration.as_millis() < 100 => format!("{} ms", duration.as_millis()),
        _ if tenths < 600 => format!("{}.{} s", tenths / 10, tenths % 10),
        0..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// How long ago a moment was, in its largest unit: `now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 d ago`.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    match now.since(at).as_secs() {
        0 => "now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s ago"),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}

/// A moment to the second: `2025-11-21 04:40:00 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((day, clock)) if clock.len() >= 8 => format!("{day} {} UTC", &clock[..8]),
        _ => text,
    }
}

/// A number with its noun: `1 attempt`, `3 attempts`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The first twelve digits of an agent version's address.
pub(crate) fn short_version(version: &str) -> &str {
    let digits = version.split_once(':').map_or(version, |(_, digits)| digits);
    digits.get(..12).unwrap_or(digits)
}

/// How many columns the text takes, its colours not counted.
pub(crate) fn width_of(text: &str) -> usize {
    let mut width = 0;
    for (index, piece) in text.split("\x1b[").enumerate() {
        let shown = if index == 0 { piece } else { piece.split_once('m').map_or("", |(_, rest)| rest) };
        width += shown.width();
    }
    width
}

/// The line without control characters, cut to `columns` with `…` at its end.
///
/// Takes text without colours: what an agent writes must neither move the cursor nor wrap.
pub(crate) fn fitted(line: &str, columns: usize) -> String {
    let clean: String = line.replace('\t', "    ").chars().filter(|c| !c.is_control()).collect();
    if clean.width() <= columns {
        return clean;
    }
    let mut cut = String::new();
    let mut width = 1;
    for c in clean.chars() {
        width += c.width().unwrap_or(0);
        if width > columns {
            break;
        }
        cut.push(c);
    }
    cut + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_ages_read_as_spoken() {
        let table = [
            (45, "45 ms"),
            (400, "0.4 s"),
            (1_234, "1.2 s"),
            (59_940, "59.9 s"),
            (59_960, "1 min 00 s"),
            (125_000, "2 min 05 s"),
            (12_000_000, "3 h 20 min"),
            (439_200_000, "5 d 2 h"),
        ];
        for (millis, text) in table {
            assert_eq!(time(Duration::from_millis(millis)), text);
        }
        let ages: Vec<_> = [0_i64, 12, 200, 20_000, 200_000]
            .map(|seconds| age(Timestamp::from_millis(0), Timestamp::from_millis(seconds * 1000)))
            .into();
        assert_eq!(ages, ["now", "12 s ago", "3 min ago", "5 h ago", "2 d ago"]);
    }

    #[test]
    fn a_line_fits_whatever_an_agent_wrote() {
        assert_eq!(fitted("plain", 10), "plain");
        assert_eq!(fitted("a\x1b[2Jb\tc\r", 20), "a[2Jb    c");
        assert_eq!(fitted("0123456789", 6), "01234…");
        assert_eq!(fitted("漢字漢字", 6), "漢字…");
        assert_eq!(width_of("\x1b[32m✓\x1b[0m done"), 6);
    }

    #[test]
    fn versions_and_moments_are_short() {
        assert_eq!(short_version("sha256:0123456789abcdef"), "0123456789ab");
        assert_eq!(short_version("1.0"), "1.0");
        assert_eq!(moment(Timestamp::from_millis(1_763_700_000_123)), "2025-11-21 04:40:00 UTC");
    }
}
