//! What a request says, kept once a run.
//!
//! A conversation is sent again with every call; its messages form a chain, each named by the hash of itself and all
//! before it, and only those are written that the run does not have. The rest of the request (model, tools, settings)
//! is a chain of one. So a conversation of n turns takes the space of n turns.

use mainspring_store::{Fault, Node, Pen, RunKey};
use mainspring_types::{Hash, Hasher};

use super::pack;

/// The parts of one request, named.
#[derive(Debug)]
pub(crate) struct Said {
    frame: (Hash, Box<str>),
    messages: Vec<(Hash, Box<str>)>,
}

impl Said {
    /// The request whose messages are taken out of `frame`.
    pub(crate) fn new(frame: Box<str>, messages: Vec<Box<str>>) -> Self {
        let mut before = None;
        let named = messages.into_iter().map(|message| {
            let node = name(before.as_ref(), &message);
            before = Some(node);
            (node, message)
        });
        let messages = named.collect();
        Self { frame: (name(None, &frame), frame), messages }
    }

    /// How the record names it.
    pub(crate) fn document(&self) -> String {
        let head = self.messages.last().map(|(node, _)| node.to_hex());
        serde_json::json!({ "frame": self.frame.0.to_hex(), "head": head }).to_string()
    }

    /// Writes what the run does not have yet.
    pub(crate) fn keep(&self, pen: &mut Pen<'_>, key: &RunKey) -> Result<(), Fault> {
        if !pen.has_node(key, &self.frame.0)? {
            put(pen, key, None, &self.frame)?;
        }
        let mut known = self.messages.len();
        while known > 0 && !pen.has_node(key, &self.messages[known - 1].0)? {
            known -= 1;
        }
        for place in known..self.messages.len() {
            let before = place.checked_sub(1).map(|before| self.messages[before].0);
            put(pen, key, before, &self.messages[place])?;
        }
        Ok(())
    }
}

fn name(before: Option<&Hash>, body: &str) -> Hash {
    let mut hasher = Hasher::new();
    hasher.field(before.map_or(&[][..], |before| before.as_bytes()));
    hasher.field(body.as_bytes());
    hasher.finish()
}

fn put(
    pen: &mut Pen<'_>,
    key: &RunKey,
    before: Option<Hash>,
    (node, body): &(Hash, Box<str>),
) -> Result<(), Fault> {
    let (packed, body) = pack(body.as_bytes());
    pen.put_node(key, &Node { node: *node, before, packed, body: &body })
}
