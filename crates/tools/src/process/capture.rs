//! Reads a stream to its end, whatever its length, and keeps a bounded part: its beginning and its end.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How much is kept of the beginning, and as much of the end.
const KEPT: usize = 2 << 20;
/// How much is read at once: a full pipe.
const CHUNK: usize = 64 * 1024;

/// What is kept of one stream.
#[derive(Default)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Capture {
    /// Reads to the end. May be dropped midway; what was read until then is kept.
    pub(super) async fn drain(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut chunk = vec![0; CHUNK];
        // A stream that cannot be read any further has ended.
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            self.push(&chunk[..count]);
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = KEPT - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend(first);
        let over = (self.tail.len() + rest.len()).saturating_sub(KEPT);
        self.tail.extend(rest);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// What was kept, in words where it is no text, and how much is missing where.
    pub(crate) fn text(mut self) -> String {
        let tail = self.tail.make_contiguous();
        if self.left_out == 0 {
            self.head.extend_from_slice(tail);
            return text(&self.head).into_owned();
        }
        let (head, tail) = (text(&self.head), text(tail));
        format!("{head}\n[{} bytes were left out here]\n{tail}", self.left_out)
    }

    /// Whether the last line is this one.
    pub(super) fn ends_with(&self, line: &[u8]) -> bool {
        let mut from_end =
            self.head.iter().chain(&self.tail).rev().skip_while(|byte| byte.is_ascii_whitespace());
        line.iter().rev().all(|byte| from_end.next() == Some(byte))
            && matches!(from_end.next(), None | Some(b'\n'))
    }
}

/// Bytes that are no text become signs that say so.
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_whole() {
        let mut capture = Capture::default();
        for bytes in ["abc", "", "déf"] {
            capture.push(bytes.as_bytes());
        }
        assert_eq!(capture.text(), "abcdéf");
    }

    #[test]
    fn of_what_does_not_fit_both_ends_are_kept() {
        let mut capture = Capture::default();
        for byte in [b'a', b'b', b'c'] {
            capture.push(&vec![byte; KEPT]);
        }
        capture.push(b"end");
        let text = capture.text();
        let left_out = format!("\n[{} bytes were left out here]\n", KEPT + 3);
        assert_eq!(text.len(), 2 * KEPT + left_out.len());
        assert!(text.contains(&format!("aa{left_out}cc")) && text.ends_with("ccend"), "{left_out}");
    }
}
