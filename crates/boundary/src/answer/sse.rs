//! Server-sent events: where a frame ends, and what it holds.
//!
//! Lines end with LF or CRLF, as every provider writes them; a CR alone ends nothing. A frame is everything up to and
//! including a blank line, so frames cut a body without a gap.

use std::borrow::Cow;

/// Where the first frame ends, as the index after its blank line.
///
/// The search begins at `from`, when it is known that no frame ends before.
pub(super) fn frame_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let newline = at + bytes[at..].iter().position(|byte| *byte == b'\n')?;
        if matches!(bytes[..newline], [] | [b'\r'] | [.., b'\n'] | [.., b'\n', b'\r']) {
            return Some(newline + 1);
        }
        at = newline + 1;
    }
}

/// What a frame tells: its event's name and its data.
#[derive(PartialEq, Eq, Default, Debug)]
pub(super) struct Frame<'b> {
    /// The name; empty when it has none.
    pub(super) event: &'b [u8],
    /// The data, its lines joined; `None` for a comment or a keep-alive.
    pub(super) data: Option<Cow<'b, [u8]>>,
}

impl<'b> Frame<'b> {
    /// Reads one frame. Fields that nobody needs here are passed over.
    pub(super) fn read(bytes: &'b [u8]) -> Self {
        let mut frame = Self::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(value) = field(line, b"data") {
                frame.add(value);
            } else if let Some(value) = field(line, b"event") {
                frame.event = value;
            }
        }
        frame
    }

    /// Adds a line of data.
    fn add(&mut self, line: &'b [u8]) {
        match &mut self.data {
            None => self.data = Some(Cow::Borrowed(line)),
            Some(data) => {
                let data = data.to_mut();
                data.push(b'\n');
                data.extend_from_slice(line);
            }
        }
    }
}

/// The line's value, when it is a line of the field.
fn field<'b>(line: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
    let value = line.strip_prefix(name)?;
    match value {
        [] => Some(value),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_ends_with_a_blank_line_however_lines_end() {
        for (bytes, end) in [
            ("data: a\n\ndata: b\n\n", Some(9)),
            ("data: a\r\n\r\ndata: b", Some(11)),
            ("data: a\r\n\n", Some(10)),
            ("\ndata: a\n\n", Some(1)),
            ("\r\n", Some(2)),
            ("data: a\n", None),
            ("data: a\r\n\r", None),
            ("data: a\r\r", None),
            ("", None),
        ] {
            assert_eq!(frame_end(bytes.as_bytes(), 0), end, "{bytes:?}");
        }
    }

    #[test]
    fn a_search_goes_on_where_the_last_one_stopped() {
        let bytes = b"data: a\r\n\r\ndata: b";
        for from in 0..=10 {
            assert_eq!(frame_end(bytes, from), Some(11), "{from}");
        }
    }

    #[test]
    fn a_frame_is_its_event_and_its_data() {
        for (bytes, event, data) in [
            ("event: ping\ndata: {}\n\n", "ping", Some("{}")),
            ("data:{}\r\n\r\n", "", Some("{}")),
            ("data: [1,\ndata: 2]\n\n", "", Some("[1,\n2]")),
            ("data\ndata:  x\n\n", "", Some("\n x")),
            (": OPENROUTER PROCESSING\n\n", "", None),
            ("id: 7\nretry: 10\ndatum: x\n\n", "", None),
        ] {
            let frame = Frame::read(bytes.as_bytes());
            assert_eq!(frame.event, event.as_bytes(), "{bytes:?}");
            assert_eq!(frame.data.as_deref(), data.map(str::as_bytes), "{bytes:?}");
        }
    }
}
