//! Server-sent events, cut out of bytes that come in pieces of any size.
//!
//! Lines end with LF or CRLF, as every provider writes them. Comments and fields that nobody needs here are passed over.

use std::mem;

/// One event.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Frame {
    /// Its name; empty when it has none.
    pub(super) event: Vec<u8>,
    /// Its data, the lines joined.
    pub(super) data: Vec<u8>,
}

/// What has come and is not yet an event.
#[derive(Default, Debug)]
pub(super) struct Frames {
    line: Vec<u8>,
    event: Vec<u8>,
    data: Option<Vec<u8>>,
}

impl Frames {
    /// Takes the next bytes and gives the events that end in them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = mem::take(&mut self.line);
                frames.extend(self.line(unended(&line)));
            }
        }
        frames
    }

    /// Takes the end of the bytes: an event whose blank line was left out may still be whole.
    pub(super) fn finish(mut self) -> Option<Frame> {
        let line = mem::take(&mut self.line);
        self.line(unended(&line)).or_else(|| self.line(b""))
    }

    /// Takes a line, and gives the event that it ends.
    fn line(&mut self, line: &[u8]) -> Option<Frame> {
        if line.is_empty() {
            let event = mem::take(&mut self.event);
            return self.data.take().map(|data| Frame { event, data });
        }
        if let Some(value) = field(line, b"data") {
            match &mut self.data {
                None => self.data = Some(value.to_vec()),
                Some(data) => data.extend([b"\n", value].concat()),
            }
        } else if let Some(value) = field(line, b"event") {
            self.event = value.to_vec();
        }
        None
    }
}

/// The line without what ends it.
fn unended(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The line's value, when it is a line of the field.
fn field<'b>(line: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
    match line.strip_prefix(name)? {
        [b':', b' ', value @ ..] | [b':', value @ ..] | value @ [] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], size: usize) -> Vec<(String, String)> {
        let mut frames = Frames::default();
        let mut read: Vec<_> = bytes.chunks(size).flat_map(|piece| frames.feed(piece)).collect();
        read.extend(frames.finish());
        let text = |bytes| String::from_utf8(bytes).expect("text");
        read.into_iter().map(|frame| (text(frame.event), text(frame.data))).collect()
    }

    #[test]
    fn an_event_is_its_name_and_its_data_however_it_is_cut() {
        for (bytes, expected) in [
            ("event: ping\ndata: {}\n\n", vec![("ping", "{}")]),
            ("data:{}\r\n\r\ndata: é\r\n\r\n", vec![("", "{}"), ("", "é")]),
            ("data: [1,\ndata: 2]\n\n", vec![("", "[1,\n2]")]),
            ("data\ndata:  x\n\n", vec![("", "\n x")]),
            (": PROCESSING\n\nevent: ping\n\ndata: 1\n\n", vec![("", "1")]),
            ("id: 7\nretry: 10\ndatum: x\n\n", vec![]),
            ("data: [DONE]", vec![("", "[DONE]")]),
            ("data: [DONE]\r", vec![("", "[DONE]")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(event, data)| (event.to_owned(), data.to_owned())).collect();
            for size in 1..=bytes.len() {
                assert_eq!(read(bytes.as_bytes(), size), expected, "{bytes:?} by {size}");
            }
        }
    }
}
