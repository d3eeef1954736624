//! What an API calls things: where its messages are and what the members of its objects mean to the journal.

use super::{
    chat, embeddings, gemini,
    json::{Json, Object},
    messages, responses,
};
use crate::route::Api;

/// How the requests of one API are read.
pub(super) struct Dialect {
    /// The field that holds the messages; the first name that is there.
    pub(super) messages: &'static [&'static str],
    /// The fields that come before the first message in the conversation.
    pub(super) system: &'static [&'static str],
    /// Where the output maximum may stand; the first is where it is put.
    pub(super) output_max: &'static [&'static [&'static str]],
    /// What a field of the body means.
    pub(super) frame: fn(&str) -> Rule,
    /// What a member of a message means, given its siblings; marks for caching apart.
    pub(super) message: fn(&str, &Object<'_>) -> Rule,
    /// Who wrote a message.
    pub(super) author: fn(&Json<'_>) -> Author,
    /// The name of a tool that the provider runs; `None` for one that the agent runs.
    pub(super) hosted: for<'t> fn(&'t Object<'_>) -> Option<&'t str>,
}

/// Where in a request a value stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The body itself.
    Frame,
    /// What a client says about itself.
    Metadata,
    /// The tools that are offered.
    Tools,
    /// A message, or a part of one.
    Message,
    /// Anything in which dates may differ and everything else counts.
    Prose,
    /// Anything that counts to the letter.
    Exact,
}

/// What a member of an object means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// It counts, and its value is read as what stands there.
    In(Place),
    /// It is the client's own and does not count.
    Volatile,
    /// It says how the provider is to cache: it counts to the key, not to the conversation.
    Caching,
    /// It ties parts of a conversation together: only its order of first appearance counts.
    Tie,
    /// It holds or names a picture.
    Picture,
    /// It holds or names a document, a sound or a film.
    Document,
}

/// Who wrote a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Author {
    /// Whoever wrote the system prompt.
    System,
    /// A model.
    Model,
    /// Someone else: a user or a tool.
    Agent,
}

impl Author {
    /// Reads the author from a `role`, given how the API calls the role of models.
    pub(super) fn of(message: &Json<'_>, model: &str) -> Self {
        match message.object().and_then(|message| message.text("role")) {
            Some("system" | "developer") => Self::System,
            Some(role) if role == model => Self::Model,
            _ => Self::Agent,
        }
    }
}

impl Dialect {
    /// What a member of an object means.
    pub(super) fn rule(&self, place: Place, name: &str, object: &Object<'_>) -> Rule {
        match place {
            Place::Frame => (self.frame)(name),
            // Claude Code puts an id of its process there.
            Place::Metadata if name == "user_id" => Rule::Volatile,
            // With every turn the mark moves on to the newest message.
            Place::Message | Place::Tools if name == "cache_control" => Rule::Caching,
            Place::Message => (self.message)(name, object),
            Place::Metadata | Place::Tools | Place::Prose => Rule::In(Place::Prose),
            Place::Exact => Rule::In(Place::Exact),
        }
    }

    /// The dialect of an API; a list of models has no body to read.
    pub(super) const fn of(api: Api) -> Option<&'static Self> {
        match api {
            Api::Messages | Api::CountTokens => Some(&messages::DIALECT),
            Api::Chat => Some(&chat::DIALECT),
            Api::Responses => Some(&responses::DIALECT),
            Api::Embeddings => Some(&embeddings::DIALECT),
            Api::Generate | Api::CountGenerate | Api::EmbedGenerate => Some(&gemini::DIALECT),
            Api::Models => None,
        }
    }
}
