//! What was said, from the form in which sessions keep it.

use mainspring_api::worker::Incoming;
use mainspring_runtimes::default::{Message, Part, Role};
use mainspring_types::{Code, Problem};
use serde_json::value::RawValue;

/// The messages of the concluded turns.
pub(super) fn history(kept: &[Box<RawValue>]) -> Result<Vec<Message>, Problem> {
    kept.iter().map(|message| serde_json::from_str(message.get()).map_err(|error| unread(&error))).collect()
}

/// The messages that a turn answers.
pub(super) fn incoming(messages: &[Incoming]) -> Result<Vec<Message>, Problem> {
    let read = |message: &Incoming| {
        let parts: Vec<Part> = serde_json::from_str(message.parts.get()).map_err(|error| unread(&error))?;
        Ok(Message { role: Role::User, parts })
    };
    messages.iter().map(read).collect()
}

/// The messages as sessions keep them.
pub(super) fn kept(messages: &[Message]) -> Vec<Box<RawValue>> {
    let kept = |message| serde_json::value::to_raw_value(message).expect("a message is plain data");
    messages.iter().map(kept).collect()
}

fn unread(error: &serde_json::Error) -> Problem {
    Problem::new(Code::DataCorrupt, "read a message of the session").because(error)
}
