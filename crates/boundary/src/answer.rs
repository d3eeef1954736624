//! What a provider answers with status 200, read as it arrives.
//!
//! A [`Reader`] belongs to one try upstream. It takes the body in pieces of any size and gives back what may reach the
//! agent at once; what it keeps comes out at the end, in order, for the gateway to let go once the answer is written
//! down. It finds out whether the answer is whole, what it used and which id the provider gave it. It does no I/O, knows
//! no time, and leaves to the gateway what happens to an answer that is not whole.
//!
//! A stream's text flows. Kept is everything from the first frame that lets the agent act on a tool call, or from the
//! first of the frames that end the answer. An answer in one document is kept until its end.

mod chat;
mod document;
mod generate;
#[cfg(test)]
mod laws;
mod messages;
mod notes;
mod responses;
#[cfg(test)]
mod samples;
mod sse;
mod stream;
mod text;

use bytes::Bytes;

use self::{document::Document, notes::Notes, stream::Stream};
use crate::{Usage, route::Route};

/// An answer as it arrives.
#[derive(Debug)]
pub struct Reader {
    body: Body,
    notes: Notes,
}

/// How the answer comes.
#[derive(Debug)]
enum Body {
    /// As server-sent events.
    Stream(Stream),
    /// As one JSON document.
    Document(Document),
}

/// An answer whose body ended as HTTP has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Whether it may be taken for an answer.
    pub end: End,
    /// What it used, as far as the provider said. A call that is free used nothing.
    pub usage: Option<Usage>,
    /// The provider's id of it.
    pub response_id: Option<String>,
    /// The model that answered, in the provider's words.
    pub model: Option<String>,
    /// Why the model stopped.
    pub stop: Stop,
    /// What [`Reader::push`] did not let go, in order.
    pub held: Bytes,
}

/// How an answer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// With everything it should have.
    Whole,
    /// Without its end marker, or in the middle of its document. Never a success.
    Truncated,
    /// With an error that the provider put where the answer should be.
    ErrorEvent {
        /// What the provider said.
        message: String,
        /// Whether asking again may help.
        retryable: bool,
    },
    /// With something that is not what the API answers.
    Malformed {
        /// What was wrong.
        detail: String,
    },
}

/// Why a model stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It had nothing to add.
    Natural,
    /// It came to the largest output allowed.
    Length,
    /// It waits for the result of a tool.
    Tool,
    /// Something else, such as a filter; or it did not say.
    Other,
}

/// Whether the extra chunk with the usage is for the agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UsageChunk {
    /// The agent asked for it.
    Wanted,
    /// The gateway asked for it, and the agent must not see it.
    Ours,
}

impl Reader {
    /// For the answer to a request on this route, as a stream or not.
    pub fn new(route: &Route, stream: bool, usage_chunk: UsageChunk) -> Self {
        let body = match Stream::of(route.api, usage_chunk) {
            Some(events) if stream => Body::Stream(events),
            _ => Body::Document(Document::new(route.api)),
        };
        Self { body, notes: Notes::default() }
    }

    /// Takes the next bytes of the body and gives what may reach the agent now, unchanged.
    pub fn push(&mut self, bytes: Bytes) -> Bytes {
        if let Body::Stream(stream) = &self.body
            && stream.is_document(&bytes)
        {
            self.body = Body::Document(Document::new(stream.api()));
        }
        match &mut self.body {
            Body::Stream(stream) => stream.push(bytes, &mut self.notes),
            Body::Document(document) => {
                document.push(&bytes);
                Bytes::new()
            }
        }
    }

    /// The provider's id of the answer, as soon as it is known.
    pub fn response_id(&self) -> Option<&str> {
        self.notes.response_id.as_deref()
    }

    /// What the provider has said so far that the answer uses: less than it will be, when the answer is cut here.
    pub fn seen(&self) -> Usage {
        self.notes.usage.unwrap_or_default()
    }

    /// Whether a stream has brought all that its answer should have. A document tells only at its end.
    pub fn is_complete(&self) -> bool {
        self.notes.is_ended()
    }

    /// Takes the end of the body, be it that its connection broke: what came may still be whole.
    pub fn finish(mut self) -> Answer {
        let held = match self.body {
            Body::Stream(stream) => stream.finish(&mut self.notes),
            Body::Document(document) => document.finish(&mut self.notes),
        };
        self.notes.into_answer(held)
    }
}
