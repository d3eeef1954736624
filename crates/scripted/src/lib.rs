//! A model that answers from a script, in the shapes of the providers.
//!
//! A [`Script`] is read once; [`Script::answer`] turns one HTTP request into one [`Reply`], which says what to send,
//! when, and how the connection ends. What was answered so far lives in a [`State`]. Nothing here opens a socket, waits
//! or reads a clock: the same script, state and requests give the same bytes. Sending them is left to the caller, and
//! so is checking credentials.
#![doc = include_str!("../README.md")]

mod answer;
mod api;
mod conversation;
mod delivery;
mod script;
mod state;
mod template;
mod utterance;
mod wire;

use std::time::Duration;

use bytes::Bytes;
use mainspring_types::Timestamp;

pub use api::Api;
pub use script::Script;
pub use state::{Ids, State};

/// One HTTP request as it arrived, its body complete and not encoded.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The path with its query; anything may stand before the part that names the API.
    pub path: &'a str,
    /// Names, in any case, with their values.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes after the head.
    pub body: &'a [u8],
    /// When it arrived.
    pub now: Timestamp,
}

impl Wanted<'_> {
    /// The first value of a header, or nothing when it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

/// What to send back.
///
/// The head goes out together with the first piece. So an answer without pieces whose ending is not clean shows the
/// client no status either.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case with their values; how the body is framed is left to the server.
    pub headers: Vec<(String, String)>,
    /// The body, in order.
    pub pieces: Vec<Piece>,
    /// What happens after the last piece.
    pub ending: Ending,
    /// The rule that answered, unless the script has none for the request.
    pub rule: Option<String>,
}

/// A part of the body that is sent at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// How long to wait before it is sent.
    pub wait: Duration,
    /// What to send.
    pub bytes: Bytes,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The body ends as HTTP has it.
    Clean,
    /// The connection is reset.
    Reset,
    /// Nothing more comes, and the connection stays open.
    Hang,
}

impl Reply {
    /// The body as one.
    pub fn body(&self) -> Bytes {
        match self.pieces.as_slice() {
            [only] => only.bytes.clone(),
            pieces => pieces.iter().flat_map(|piece| piece.bytes.iter().copied()).collect(),
        }
    }
}
