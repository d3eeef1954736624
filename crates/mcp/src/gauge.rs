//! How large one message of a server may be, told while it comes in and before any of it is understood.
//!
//! Two things are counted: bytes, and the JSON values they hold. The second matters because a value takes some fifty
//! times the memory of the comma it costs a server to make one.

/// The most bytes of one message.
pub(crate) const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most JSON values of one message.
const VALUES_MAX: usize = 200_000;

/// What a server did that nobody has to bear. Its connection is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Breach {
    /// A message of too many bytes.
    #[error("sent a message of more than 16 MiB")]
    Long,
    /// A message of too many values.
    #[error("sent a message of more than 200,000 values")]
    Crowded,
    /// Too many messages that nobody asked for.
    #[error("sent more than 50,000 messages that nobody asked for")]
    Flood,
    /// Too many lines that are no messages.
    #[error("wrote more than 1,000 lines that are no JSON")]
    Garbage,
}

/// What ends one message and begins the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Frame {
    /// The end of a line.
    Line,
    /// An empty line, as between events of a stream.
    Event,
    /// Nothing: all of it is one message.
    Body,
}

/// What the message that is coming in weighs so far.
#[derive(Debug)]
pub(crate) struct Gauge {
    frame: Frame,
    bytes: usize,
    values: usize,
    at: At,
    line_is_empty: bool,
}

/// Where in JSON the last byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Outside,
    Text,
    Escape,
}

impl Gauge {
    pub(crate) fn new(frame: Frame) -> Self {
        Self { frame, bytes: 0, values: 0, at: At::Outside, line_is_empty: true }
    }

    /// Weighs what came next.
    pub(crate) fn weigh(&mut self, bytes: &[u8]) -> Result<(), Breach> {
        bytes.iter().try_for_each(|byte| self.add(*byte))
    }

    fn add(&mut self, byte: u8) -> Result<(), Breach> {
        if byte == b'\n' && self.ends_here() {
            *self = Self::new(self.frame);
            return Ok(());
        }
        if byte != b'\r' {
            self.line_is_empty = byte == b'\n';
        }
        self.bytes += 1;
        self.at = match (self.at, byte) {
            (At::Text, b'\\') => At::Escape,
            (At::Text, b'"') => At::Outside,
            (At::Text | At::Escape, _) | (At::Outside, b'"') => At::Text,
            (At::Outside, b',' | b'[' | b'{') => {
                self.values += 1;
                At::Outside
            }
            (At::Outside, _) => At::Outside,
        };
        match self {
            Self { bytes: BYTES_MAX.., .. } => Err(Breach::Long),
            Self { values: VALUES_MAX.., .. } => Err(Breach::Crowded),
            _ => Ok(()),
        }
    }

    fn ends_here(&self) -> bool {
        match self.frame {
            Frame::Line => true,
            Frame::Event => self.line_is_empty,
            Frame::Body => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(frame: Frame, piece: &str, times: usize) -> Result<(), Breach> {
        let mut gauge = Gauge::new(frame);
        (0..times).try_for_each(|_| gauge.weigh(piece.as_bytes()))
    }

    #[test]
    fn a_message_may_be_long_and_not_endless() {
        let kilobyte = "x".repeat(1024);
        assert_eq!(weighed(Frame::Line, &kilobyte, 16 * 1024 - 1), Ok(()));
        assert_eq!(weighed(Frame::Line, &kilobyte, 16 * 1024), Err(Breach::Long));
    }

    #[test]
    fn values_are_counted_and_commas_in_text_are_not() {
        assert_eq!(weighed(Frame::Body, "[0,", 100_000), Err(Breach::Crowded));
        assert_eq!(weighed(Frame::Body, r#""a,[{\",","#, 100_000), Ok(()));
    }

    #[test]
    fn each_frame_begins_anew() {
        let line = format!("[{}]\n", "0,".repeat(100_000));
        assert_eq!(weighed(Frame::Line, &line, 3), Ok(()));
        assert_eq!(weighed(Frame::Event, &line, 3), Err(Breach::Crowded));
        assert_eq!(weighed(Frame::Event, &format!("data: {line}\r\n"), 3), Ok(()));
        assert_eq!(weighed(Frame::Body, &line, 3), Err(Breach::Crowded));
    }
}
