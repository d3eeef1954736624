//! `OpenAI` embeddings: texts without a conversation.

use super::{
    chat,
    dialect::{Author, Dialect, Place, Rule},
};

pub(super) const DIALECT: Dialect = Dialect {
    messages: &["input"],
    system: &[],
    output_max: &[],
    rule: |place, name, _| match place {
        Place::Frame => chat::frame(name),
        other => Rule::In(other),
    },
    author: |_| Author::Agent,
    hosted: |_| None,
};
