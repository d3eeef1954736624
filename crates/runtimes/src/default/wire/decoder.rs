//! The answer to a request, read as it arrives.

use std::mem;

use serde_json::Value;

use super::{
    Family, chat,
    draft::Draft,
    generate, messages, refusal,
    sse::{Frame, Frames},
};
use crate::default::{Broken, Delta, ModelAnswer};

/// The status under which an error inside a stream is told.
const OK: u16 = 200;

/// An answer with status 200 while it arrives.
#[derive(Debug)]
pub struct Decoder {
    body: Body,
    dialect: Dialect,
    draft: Draft,
    fault: Option<Broken>,
}

/// How the body comes.
#[derive(Debug)]
enum Body {
    /// Nothing has come that would tell.
    Fresh,
    /// As events.
    Stream(Frames),
    /// As a document, which is an error or the work of a server that does not stream.
    Document(Vec<u8>),
}

/// The format, with what has to be remembered from one event to the next.
#[derive(Debug)]
enum Dialect {
    Chat(chat::Stream),
    Messages(messages::Stream),
    Generate,
}

impl Decoder {
    /// For an answer in the family's format.
    pub fn new(family: Family) -> Self {
        let dialect = match family {
            Family::OpenAi => Dialect::Chat(chat::Stream::default()),
            Family::Anthropic => Dialect::Messages(messages::Stream::default()),
            Family::Gemini => Dialect::Generate,
        };
        Self { body: Body::Fresh, dialect, draft: Draft::default(), fault: None }
    }

    /// Takes the next bytes of the body, cut anywhere, and gives what they add for people to watch.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Delta> {
        let bytes = if let Body::Fresh = self.body { self.begin(bytes) } else { bytes };
        match &mut self.body {
            Body::Fresh => {}
            Body::Document(document) => document.extend_from_slice(bytes),
            Body::Stream(frames) => {
                for frame in frames.feed(bytes) {
                    self.read(&frame);
                }
            }
        }
        self.draft.take_deltas()
    }

    /// Learns from the first bytes how the body comes, and gives those that matter.
    fn begin<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let bytes = bytes.trim_ascii_start();
        self.body = match bytes.first() {
            None => Body::Fresh,
            Some(b'{' | b'[') => Body::Document(Vec::new()),
            Some(_) => Body::Stream(Frames::default()),
        };
        bytes
    }

    /// Takes the end of the body and gives the answer.
    pub fn finish(mut self) -> Result<ModelAnswer, Broken> {
        match mem::replace(&mut self.body, Body::Fresh) {
            Body::Fresh => {}
            Body::Document(document) => return Err(unexpected(&document)),
            // Some servers leave the last blank line out. An event that was cut says nothing.
            Body::Stream(frames) => {
                if let Some(frame) = frames.finish()
                    && (is_end(&frame) || serde_json::from_slice::<Value>(&frame.data).is_ok())
                {
                    self.read(&frame);
                }
            }
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => self.draft.finish(),
        }
    }

    /// Takes the next event. Nothing is taken after a fault.
    fn read(&mut self, frame: &Frame) {
        if self.fault.is_none() {
            self.fault = self.judge(frame).err();
        }
    }

    fn judge(&mut self, frame: &Frame) -> Result<(), Broken> {
        if is_end(frame) {
            self.draft.is_ended |= matches!(self.dialect, Dialect::Chat(_));
            return Ok(());
        }
        if frame.event == b"error" {
            return Err(refusal(OK, &frame.data));
        }
        let data: Value = serde_json::from_slice(&frame.data).map_err(|source| malformed(&source))?;
        if refusal::is_error(&data) {
            return Err(refusal::refused(OK, &data));
        }
        match &mut self.dialect {
            Dialect::Chat(stream) => stream.event(data, &mut self.draft),
            Dialect::Messages(stream) => stream.event(data, &mut self.draft),
            Dialect::Generate => generate::event(data, &mut self.draft),
        }
        .map_err(|source| malformed(&source))
    }
}

/// Whether it is the mark with which Chat Completions end.
fn is_end(frame: &Frame) -> bool {
    frame.data.trim_ascii() == b"[DONE]"
}

fn malformed(source: &serde_json::Error) -> Broken {
    Broken::Malformed { message: format!("an event of the stream is not of its format: {source}") }
}

/// What a document in place of a stream says.
fn unexpected(document: &[u8]) -> Broken {
    match serde_json::from_slice(document) {
        Ok(told) if refusal::is_error(&told) => refusal::refused(OK, &told),
        Ok(_) => Broken::Malformed { message: "a document came in place of a stream".to_owned() },
        Err(_) => Broken::Truncated,
    }
}
