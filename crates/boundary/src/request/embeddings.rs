//! `OpenAI` embeddings: texts without a conversation.

use super::{
    chat,
    dialect::{Author, Dialect, Place, Rule},
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["input"],
    system: &[],
    output_max: &[],
    frame: chat::frame,
    // No place of its API is a message.
    message: |_, _| Rule::In(Place::Exact),
    author: |_| Author::Agent,
    hosted: |_| None,
};
