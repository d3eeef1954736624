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
    let mut within = Byte::Other;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        let byte = BYTES[usize::from(*byte)];
        if within == Byte::Other && matches!(byte, Byte::Digit | Byte::Hex | Byte::Capital) {
            let before = at.checked_sub(1).map(|before| bytes[before]);
            if let Some((length, stand_in)) = thing(&bytes[at..], before) {
                return Some((at..at + length, stand_in));
            }
        }
        within = byte;
    }
    None
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

/// The length of the UUID that the bytes begin with.
fn uuid(bytes: &[u8]) -> Option<usize> {
    let candidate = bytes.get(..36)?;
    let fits = candidate.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
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
    fn the_rest_of_the_text_stays() {
        assert_eq!(masked("é 2026-11-20 ü 7:00 am ß"), "é <moment> ü <moment> ß");
        assert_eq!(masked(""), "");
    }
}
