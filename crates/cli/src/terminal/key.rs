//! From the bytes that a terminal sends to the keys that were pressed.
//!
//! What is pasted arrives as one key, so that a line end in it decides nothing. Sequences that stand for no key we know
//! are dropped whole.

/// A key, or what was pasted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Key {
    /// A character.
    Char(char),
    /// A letter with Ctrl, in lower case.
    Ctrl(char),
    Enter,
    /// Enter with Alt: a line end in the text.
    AltEnter,
    Tab,
    Escape,
    Backspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Up,
    Down,
    Home,
    End,
    /// Text from elsewhere, with `\n` as its line ends.
    Paste(String),
}

const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";
/// More is no paste that a person wants in a line.
const PASTE_MAX: usize = 1 << 20;

/// Reads keys from bytes as they come in.
#[derive(Default)]
pub(crate) struct Keys {
    /// What is no whole key yet.
    rest: Vec<u8>,
}

impl Keys {
    /// The keys that are complete with these bytes.
    ///
    /// A terminal writes a sequence in one piece: an escape at the end of what was read is the Escape key.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.rest.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut at = 0;
        while let Some((key, length)) = next(&self.rest[at..]) {
            keys.extend(key);
            at += length;
        }
        self.rest.drain(..at);
        keys
    }
}

/// The first key and how many bytes it takes; `None` when more bytes are needed.
fn next(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    if bytes.starts_with(PASTE_BEGIN) {
        return pasted(&bytes[PASTE_BEGIN.len()..]);
    }
    match bytes {
        [] | [0x1b, b'O'] => None,
        [0x1b, b'[', rest @ ..] => sequence(rest).map(|(key, length)| (key, length + 2)),
        [0x1b, b'O', last, ..] => Some((named(&[], *last), 3)),
        [0x1b, b'\r' | b'\n', ..] => Some((Some(Key::AltEnter), 2)),
        [0x1b, b'b', ..] => Some((Some(Key::WordLeft), 2)),
        [0x1b, b'f', ..] => Some((Some(Key::WordRight), 2)),
        [0x1b, 0x7f, ..] => Some((Some(Key::Ctrl('w')), 2)),
        [0x1b, ..] => Some((Some(Key::Escape), 1)),
        [b'\r' | b'\n', ..] => Some((Some(Key::Enter), 1)),
        [b'\t', ..] => Some((Some(Key::Tab), 1)),
        [0x7f | 0x08, ..] => Some((Some(Key::Backspace), 1)),
        [control @ 0x01..=0x1a, ..] => Some((Some(Key::Ctrl(char::from(control + b'a' - 1))), 1)),
        [0x00..=0x1f, ..] => Some((None, 1)),
        _ => character(bytes),
    }
}

fn pasted(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let end = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END);
    let (text, length) = match end {
        Some(end) => (&bytes[..end], end + PASTE_END.len()),
        None if bytes.len() > PASTE_MAX => (bytes, bytes.len()),
        None => return None,
    };
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n").replace('\r', "\n");
    let text = text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
    Some((Some(Key::Paste(text)), PASTE_BEGIN.len() + length))
}

/// What follows `ESC [`: parameters, then one byte that says which key.
fn sequence(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let end = bytes.iter().position(|byte| (0x40..=0x7e).contains(byte))?;
    Some((named(&bytes[..end], bytes[end]), end + 1))
}

fn named(parameters: &[u8], last: u8) -> Option<Key> {
    // With Ctrl or Alt an arrow goes by words.
    let by_word = matches!(parameters, b"1;5" | b"1;3");
    Some(match (last, parameters) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) if by_word => Key::WordRight,
        (b'D', _) if by_word => Key::WordLeft,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
        (b'F', _) | (b'~', b"4" | b"8") => Key::End,
        (b'~', b"3") => Key::Delete,
        (b'u', b"13;2" | b"13;3") => Key::AltEnter,
        _ => return None,
    })
}

/// A character of UTF-8; bytes that are none are dropped.
fn character(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let length = match bytes[0] {
        0x00..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => return Some((None, 1)),
    };
    let text = bytes.get(..length)?;
    match std::str::from_utf8(text).ok().and_then(|text| text.chars().next()) {
        Some(c) => Some((Some(Key::Char(c)), length)),
        None => Some((None, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        Keys::default().feed(text.as_bytes())
    }

    #[test]
    fn letters_and_named_keys_are_told_apart() {
        assert_eq!(keys("aé\r"), [Key::Char('a'), Key::Char('é'), Key::Enter]);
        assert_eq!(keys("\x1b[A\x1bOB\x1b[1;5C"), [Key::Up, Key::Down, Key::WordRight]);
        assert_eq!(keys("\x1b[H\x1b[4~\x1b[3~\x7f"), [Key::Home, Key::End, Key::Delete, Key::Backspace]);
        assert_eq!(keys("\x15\x17\x1b\r"), [Key::Ctrl('u'), Key::Ctrl('w'), Key::AltEnter]);
        assert_eq!(keys("\x1b"), [Key::Escape]);
    }

    #[test]
    fn a_key_that_comes_in_pieces_is_one() {
        let mut decoder = Keys::default();
        let bytes = "漢".as_bytes();
        assert_eq!(decoder.feed(&bytes[..2]), []);
        assert_eq!(decoder.feed(&bytes[2..]), [Key::Char('漢')]);
        assert_eq!(decoder.feed(b"\x1b["), []);
        assert_eq!(decoder.feed(b"D"), [Key::Left]);
    }

    #[test]
    fn what_is_pasted_is_one_key_whatever_is_in_it() {
        let mut decoder = Keys::default();
        assert_eq!(decoder.feed(b"\x1b[200~rm -rf\r\ny"), []);
        let pasted = Key::Paste("rm -rf\nyn".to_owned());
        assert_eq!(decoder.feed(b"\x07n\x1b[201~z"), [pasted, Key::Char('z')]);
    }

    #[test]
    fn what_is_no_key_is_dropped() {
        assert_eq!(keys("\x1b[38;5;9Zx"), [Key::Char('x')]);
        assert_eq!(Keys::default().feed(b"\xff\x00k"), [Key::Char('k')]);
    }
}
