//! Finding dates, times and UUIDs in texts, so that two texts that differ only in them can be told to be near.
//!
//! Careful rather than complete: what is found here may decide that a recorded answer is served for another request.
//! A bare `12:30` may be a line number or a ratio and is left alone; so are numbers that might be seconds since 1970.

mod date;

use std::ops::Range;

/// Stands in a text for a date or a time.
const MOMENT: u8 = 1;
/// Stands in a text for a UUID.
const UUID: u8 = 2;

/// Whether there is anything to mask.
pub(super) fn touches(text: &str) -> bool {
    find(text.as_bytes(), 0).is_some()
}

/// Writes the text with what is found replaced.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some((place, stand_in)) = find(bytes, from) {
        out.extend_from_slice(&bytes[from..place.start]);
        out.push(stand_in);
        from = place.end;
    }
    out.extend_from_slice(&bytes[from..]);
}

/// The first thing to mask at or after `from`, which is no place inside a word.
fn find(bytes: &[u8], from: usize) -> Option<(Range<usize>, u8)> {
    (from..bytes.len()).step_by(STRETCH).find_map(|start| {
        let ahead = &bytes[start..bytes.len().min(start + STRETCH + DIGIT_WITHIN)];
        has_digit(ahead).then(|| begin_in(bytes, from, start..bytes.len().min(start + STRETCH))).flatten()
    })
}

/// The first thing to mask that begins in a stretch.
fn begin_in(bytes: &[u8], from: usize, stretch: Range<usize>) -> Option<(Range<usize>, u8)> {
    let mut before = bytes[from..stretch.start].last().copied();
    for at in stretch {
        let inside = before.is_some_and(|before| BYTES[usize::from(before)] != Byte::Other);
        if !inside
            && matches!(BYTES[usize::from(bytes[at])], Byte::Digit | Byte::Hex | Byte::Capital)
            && let Some((length, stand_in)) = thing(&bytes[at..], before)
        {
            return Some((at..at + length, stand_in));
        }
        before = Some(bytes[at]);
    }
    None
}

/// How much is passed over at once where there are no digits.
const STRETCH: usize = 64;

/// Whatever is masked has a digit among its first bytes: `Wednesday, September 2`, the version of a UUID.
const DIGIT_WITHIN: usize = 32;

/// Written without a way out in the middle, so that it becomes a few instructions for many bytes.
fn has_digit(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |seen, byte| seen | byte.is_ascii_digit())
}

/// What may begin with a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    /// No word.
    Other,
    /// A word of no interest.
    Letter,
    /// A UUID.
    Hex,
    /// A month, a day of the week or a UUID.
    Capital,
    /// A number or a UUID.
    Digit,
}

/// Every text of every request goes through this table, byte by byte.
const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Other; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        bytes[byte as usize] = match byte {
            b'0'..=b'9' => Byte::Digit,
            b'a'..=b'f' => Byte::Hex,
            b'A'..=b'F' | b'J' | b'M' | b'N' | b'O' | b'S' | b'T' | b'W' => Byte::Capital,
            b'a'..=b'z' | b'A'..=b'Z' => Byte::Letter,
            _ => Byte::Other,
        };
        byte += 1;
    }
    bytes
};

fn thing(bytes: &[u8], before: Option<u8>) -> Option<(usize, u8)> {
    let (length, stand_in) = match uuid(bytes) {
        Some(length) => (length, UUID),
        None if bytes[0].is_ascii_lowercase() => return None,
        None => (date::moment(bytes, before)?, MOMENT),
    };
    let ends = bytes.get(length).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    ends.then_some((length, stand_in))
}

/// Where a UUID says its version.
const VERSION: usize = 14;

/// The length of the UUID that the bytes begin with.
fn uuid(bytes: &[u8]) -> Option<usize> {
    let candidate = bytes.get(..36)?;
    let fits = candidate.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        VERSION => byte.is_ascii_digit(),
        _ => byte.is_ascii_hexdigit(),
    });
    fits.then_some(36)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut out = Vec::new();
        write(text, &mut out);
        assert_eq!(touches(text), out != text.as_bytes());
        String::from_utf8(out).expect("text").replace('\u{1}', "<moment>").replace('\u{2}', "<uuid>")
    }

    #[test]
    fn dates_and_times_are_found_however_they_are_written() {
        for text in [
            "2026-11-20",
            "2026/11/20",
            "2026-11-20T07:10:59Z",
            "2026-11-20T07:10:59.123456+02:00",
            "2026-11-20 07:10:59,123 +0200",
            "2026-11-20 14:05",
            "2026-11-20 (Friday)",
            "Friday, November 20, 2026",
            "Friday, November 20, 2026 at 2:05 PM",
            "Nov 20th, 2026",
            "20 November 2026",
            "20-Nov-2026",
            "20/Nov/2026:07:10:59 +0000",
            "Fri, 20 Nov 2026 07:10:59 GMT",
            "Fri Nov 20 07:10:59 UTC 2026",
            "Nov 20 07:10",
            "November 2026",
            "11/20/2026",
            "20.11.2026",
            "07:10:59",
            "2:05 pm",
            "14:05 UTC",
            "14:05Z",
        ] {
            assert_eq!(masked(&format!("at {text}.")), "at <moment>.", "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_time_is_left_alone() {
        for text in [
            "main.rs:12:34",
            "the odds are 12:30",
            "1.2.3",
            "10.0.0.1",
            "99/99/2026",
            "2026-13-01",
            "May 5",
            "Friday",
            "1763622659",
            "Marching 2026",
            "2026-11-201",
            "call 555-1234-2026",
            "f47ac10b58cc4372a5670e02b2c3d479",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn uuids_are_found_inside_longer_names() {
        assert_eq!(masked("run_F47AC10B-58cc-4372-a567-0e02b2c3d479/x"), "run_<uuid>/x");
        assert_eq!(masked("xf47ac10b-58cc-4372-a567-0e02b2c3d479"), "xf47ac10b-58cc-4372-a567-0e02b2c3d479");
    }

    #[test]
    fn it_does_not_matter_where_in_a_text_they_stand() {
        for before in 0..300 {
            let text =
                |it: &str| format!("{}({it}) and {it}", "no word at all ".repeat(before).split_at(before).0);
            for it in ["Wednesday, September 23, 2026", "abcdefab-abcd-4bcd-abcd-abcdefabcdef", "07:10:59"] {
                let stand_in = if it.len() == 36 { "<uuid>" } else { "<moment>" };
                assert_eq!(masked(&text(it)), text(stand_in));
            }
        }
    }

    #[test]
    fn the_rest_of_the_text_stays() {
        assert_eq!(masked("é 2026-11-20 ü 7:00 am ß"), "é <moment> ü <moment> ß");
        assert_eq!(masked(""), "");
    }
}
