//! A streamed answer: frames found in the pieces, judged one by one, let go or kept.

use std::mem;

use bytes::{Bytes, BytesMut};

use super::{UsageChunk, chat, generate, messages, notes::Notes, responses, sse};
use crate::route::Api;

/// What becomes of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It may reach the agent now, if all before it did.
    Flows,
    /// It waits for the end, and all after it.
    Waits,
    /// It is for the gateway alone. What follows it waits, since only an answer's end does.
    Vanishes,
}

/// A stream that is being read.
#[derive(Debug)]
pub(super) struct Stream {
    dialect: Dialect,
    /// The beginning of a frame whose end has not come.
    partial: BytesMut,
    passage: Passage,
}

/// Whether frames still reach the agent.
#[derive(Debug)]
enum Passage {
    /// Nothing has come yet.
    Fresh,
    /// They do.
    Open,
    /// They wait, and these already do.
    Shut(BytesMut),
}

/// How an API streams, with what must be remembered from frame to frame.
#[derive(Debug)]
enum Dialect {
    Messages(messages::Blocks),
    Chat(chat::Calls),
    Responses,
    Generate,
}

impl Stream {
    /// A stream of the API; `None` for an API that answers with documents alone.
    pub(super) fn of(api: Api, usage_chunk: UsageChunk) -> Option<Self> {
        let dialect = match api {
            Api::Messages => Dialect::Messages(messages::Blocks::default()),
            Api::Chat => Dialect::Chat(chat::Calls::new(usage_chunk)),
            Api::Responses => Dialect::Responses,
            Api::Generate => Dialect::Generate,
            Api::CountTokens | Api::Embeddings | Api::CountGenerate | Api::EmbedGenerate | Api::Models => {
                return None;
            }
        };
        Some(Self { dialect, partial: BytesMut::new(), passage: Passage::Fresh })
    }

    /// Whose stream it is.
    pub(super) fn api(&self) -> Api {
        match self.dialect {
            Dialect::Messages(_) => Api::Messages,
            Dialect::Chat(_) => Api::Chat,
            Dialect::Responses => Api::Responses,
            Dialect::Generate => Api::Generate,
        }
    }

    /// Whether the first bytes show a JSON document: some servers stream only when they like, and Gemini only when the
    /// request says `alt=sse`.
    pub(super) fn is_document(&self, bytes: &[u8]) -> bool {
        matches!(self.passage, Passage::Fresh) && matches!(bytes.first(), Some(b'{' | b'['))
    }

    /// Takes the next bytes and gives those that may go on: a slice of what came, unless a frame was cut.
    pub(super) fn push(&mut self, bytes: Bytes, notes: &mut Notes) -> Bytes {
        if matches!(self.passage, Passage::Fresh) && !bytes.is_empty() {
            self.passage = Passage::Open;
        }
        let Some(bytes) = self.join(bytes) else { return Bytes::new() };
        let (mut at, mut open) = (0, 0);
        while let Some(len) = sse::frame_end(&bytes[at..], 0) {
            let frame = &bytes[at..at + len];
            let fate = self.judge(frame, notes);
            at += len;
            if self.pass(frame, fate) {
                open = at;
            }
        }
        self.partial.extend_from_slice(&bytes[at..]);
        bytes.slice(..open)
    }

    /// Takes the end of the body and gives what was kept.
    pub(super) fn finish(mut self, notes: &mut Notes) -> Bytes {
        // Some servers end with `data: [DONE]` and leave the blank line out. A frame that was cut says nothing.
        let rest = mem::take(&mut self.partial);
        let fate = self.classify(&rest, notes).unwrap_or(Fate::Waits);
        if !rest.is_empty() && fate != Fate::Vanishes {
            self.pass(&rest, Fate::Waits);
        }
        match self.passage {
            Passage::Fresh | Passage::Open => Bytes::new(),
            Passage::Shut(held) => held.freeze(),
        }
    }

    /// What is left of the last bytes followed by these; `None` while no frame ends in them.
    fn join(&mut self, bytes: Bytes) -> Option<Bytes> {
        if self.partial.is_empty() {
            return Some(bytes);
        }
        let from = self.partial.len();
        self.partial.extend_from_slice(&bytes);
        sse::frame_end(&self.partial, from)?;
        Some(mem::take(&mut self.partial).freeze())
    }

    /// Lets the frame go or keeps it; whether it goes.
    fn pass(&mut self, frame: &[u8], fate: Fate) -> bool {
        match (&mut self.passage, fate) {
            (Passage::Shut(_), Fate::Vanishes) => false,
            (Passage::Shut(held), _) => {
                held.extend_from_slice(frame);
                false
            }
            (Passage::Fresh | Passage::Open, Fate::Flows) => true,
            (Passage::Fresh | Passage::Open, Fate::Waits) => {
                self.passage = Passage::Shut(BytesMut::from(frame));
                false
            }
            (Passage::Fresh | Passage::Open, Fate::Vanishes) => {
                self.passage = Passage::Shut(BytesMut::new());
                false
            }
        }
    }

    /// What becomes of a whole frame. One that cannot be read is a fault of the answer.
    fn judge(&mut self, frame: &[u8], notes: &mut Notes) -> Fate {
        self.classify(frame, notes).unwrap_or_else(|source| {
            notes.malformed(format!("a frame of the stream is not what the API sends: {source}"));
            Fate::Waits
        })
    }

    /// Reads a frame as the API means it.
    fn classify(&mut self, frame: &[u8], notes: &mut Notes) -> serde_json::Result<Fate> {
        let frame = sse::Frame::read(frame);
        let Some(data) = frame.data else { return Ok(Fate::Flows) };
        if frame.event == b"error" {
            notes.error(&data);
            return Ok(Fate::Waits);
        }
        match &mut self.dialect {
            Dialect::Messages(blocks) => blocks.frame(&data, notes),
            Dialect::Chat(calls) => calls.frame(&data, notes),
            Dialect::Responses => responses::frame(&data, notes),
            Dialect::Generate => generate::frame(&data, notes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{End, samples::*};
    use crate::route::Api;

    #[test]
    fn comments_and_frames_without_a_meaning_flow() {
        let body =
            ": OPENROUTER PROCESSING\n\n\r\n\nevent: later\ndata: {\"type\":\"later\"}\n\ndata: {}\n\n";
        for (api, _) in STREAMS {
            let (flowed, answer) = read_stream(api, body);
            assert_eq!((flowed.as_str(), answer.end), (body, End::Truncated), "{api:?}");
        }
    }

    #[test]
    fn data_on_several_lines_is_one_document() {
        let body = "data: {\"type\":\ndata: \"message_stop\"}\n\n";
        assert_eq!(read_stream(Api::Messages, body).1.end, End::Whole);
    }

    #[test]
    fn a_slow_drip_of_one_huge_frame_is_read_in_linear_time() {
        let text = "x".repeat(4 << 20);
        let body = format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{text}\"}}\n\n");
        let (flowed, _) = read_pieces(reader(Api::Responses, true), body.as_bytes().chunks(64));
        assert_eq!(flowed.len(), body.len());
    }

    #[test]
    fn what_waits_is_still_read_to_its_end() {
        let (_, answer) = read_stream(Api::Messages, MESSAGES);
        let start = before(MESSAGES, "message_delta");
        let error = "event: error\ndata: {\"message\":\"gone\"}\n\n";
        let (_, broken) = read_stream(Api::Messages, &format!("{start}{error}"));
        assert_eq!(answer.usage.map(|usage| usage.output_tokens), Some(42));
        assert_eq!(broken.end, End::ErrorEvent { message: "gone".into(), retryable: true });
        assert!(broken.held.ends_with(error.as_bytes()));
    }
}
