//! Reading and editing the requests of model clients: what a request is to the journal, and how little of it is changed.
//!
//! Pure and synchronous. The body is read as it came and never rewritten: an edit replaces only the bytes of the
//! fields it names.

use std::borrow::Cow;

use mainspring_types::Hash;

use crate::route::Route;

/// What a request is to the journal; built once per request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The model it names; empty for the list of models.
    pub model: String,
    /// Whether the answer is to be a stream.
    pub stream: bool,
    /// The most output tokens it allows for one answer, if it says so.
    pub output_max: Option<u64>,
    /// The least such maximum that the provider accepts for it: thinking must fit in.
    pub output_min: u64,
    /// How many answers it asks for; each may be `output_max` long.
    pub choices: u64,
    /// Upper estimate of the tokens of its input; what the provider keeps for it is not counted.
    pub input_bound: u64,
    /// Chat streams: whether the client itself asked for usage.
    pub wants_usage: bool,
    /// The request as received, without volatile fields, with ids renamed by first appearance.
    pub key: Hash,
    /// The same with dates, times and UUIDs masked in texts, never in the arguments of tool calls.
    pub near: Hash,
    /// Where it stands in its conversation.
    pub lineage: Lineage,
    /// Whether sending it twice does more than cost.
    pub standing: Standing,
    /// The body without its messages: the raw JSON of the rest.
    pub frame: Box<str>,
    /// The raw JSON of each message, in order; a plain string is one.
    pub messages: Vec<Box<str>>,
}

/// Where a request stands in its conversation: hash chains over its masked messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lineage {
    /// Up to and including the last message a model wrote; for a first call, up to the end of the system prompt.
    pub parent: Hash,
    /// Everything before the last run of messages a model wrote: `own` of the call that produced them.
    pub previous: Option<Hash>,
    /// All messages.
    pub own: Hash,
}

/// Whether sending a request twice does more than cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It can be sent again.
    Repeatable,
    /// The provider acts on it or keeps something for it.
    Irreversible {
        /// What, in words that follow "because".
        why: String,
    },
}

/// Why a body is not a request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Malformed {
    /// It cannot be read at all.
    #[error("the request body is not a JSON object: {detail}")]
    NotJson {
        /// What and where.
        detail: String,
    },
    /// A field it cannot do without is not there.
    #[error("the request has no `{field}`")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field holds something of the wrong type.
    #[error("`{field}` in the request is not {wanted}")]
    Wrong {
        /// Its name.
        field: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A field is there twice, and which one counts would be the reader's choice.
    #[error("`{field}` is in the request twice")]
    Twice {
        /// Its name.
        field: String,
    },
}

/// What is to change in a body before it is sent on.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Edit {
    /// The output maximum it is to have.
    pub output_max: Option<u64>,
    /// Chat streams: whether usage is to be asked for.
    pub include_usage: bool,
    /// The model it is to name; Gemini names it in the path instead.
    pub model: Option<String>,
}

/// Reads a request.
pub fn read(route: &Route, body: &[u8]) -> Result<Asked, Malformed> {
    let _ = (route, body);
    Err(Malformed::Missing { field: "model" })
}

/// The body with the edit made: the same bytes where nothing is to change, and only those fields otherwise.
pub fn edit<'b>(route: &Route, body: &'b [u8], edit: &Edit) -> Cow<'b, [u8]> {
    let _ = (route, edit);
    Cow::Borrowed(body)
}
