//! Reads a stream to its end, whatever its length, and keeps a bounded part: the last bytes, and some lines for the log.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::log::Lines;

/// How much is read at once: a full pipe.
const CHUNK: usize = 64 * 1024;

/// What is kept of one stream.
pub(super) struct Capture {
    tail: Tail,
    lines: Option<Lines>,
}

impl Capture {
    /// Keeps the last `bytes_max` bytes, and passes on `lines`.
    pub(super) fn new(bytes_max: usize, lines: Option<Lines>) -> Self {
        Self { tail: Tail { bytes: VecDeque::new(), bytes_max, lost: 0 }, lines }
    }

    /// Reads to the end. May be dropped midway; what was read until then is kept.
    pub(super) async fn drain(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut chunk = vec![0; CHUNK];
        // A stream that cannot be read any further has ended.
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            let bytes = &chunk[..count];
            self.tail.push(bytes);
            if let Some(lines) = &mut self.lines {
                lines.push(bytes);
            }
        }
    }

    /// The kept bytes, how many came before them, and the lines that were held back.
    pub(super) fn finish(self) -> (Vec<u8>, u64, Option<Lines>) {
        (self.tail.bytes.into(), self.tail.lost, self.lines)
    }
}

/// The last bytes of a stream.
struct Tail {
    bytes: VecDeque<u8>,
    bytes_max: usize,
    lost: u64,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(self.bytes_max)..];
        let over = (self.bytes.len() + kept.len()).saturating_sub(self.bytes_max);
        self.bytes.drain(..over);
        self.bytes.extend(kept);
        self.lost += (over + bytes.len() - kept.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_kept_and_the_others_counted() {
        let mut tail = Tail { bytes: VecDeque::new(), bytes_max: 5, lost: 0 };
        for (bytes, kept, lost) in
            [("abc", "abc", 0), ("def", "bcdef", 1), ("", "bcdef", 1), ("0123456789", "56789", 11)]
        {
            tail.push(bytes.as_bytes());
            assert_eq!((tail.bytes.make_contiguous() as &[u8], tail.lost), (kept.as_bytes(), lost));
        }
    }
}
