//! The messages of concluded turns, made into a conversation that every provider takes.
//!
//! A session may have been cut off anywhere, by a crash or by an older version. What is missing is put in as results
//! that say so; what answers nothing is left out.

use super::{Message, Part, Role, notice};

/// The conversation so far: the last `turns` turns of what is stored, each call followed by its one result.
pub(super) fn valid(mut stored: Vec<Message>, turns: Option<u32>) -> Vec<Message> {
    stored.drain(..first_kept(&stored, turns));
    let mut rest = stored.into_iter().filter(|message| !message.parts.is_empty()).peekable();
    let mut valid = Vec::new();
    while let Some(message) = rest.next() {
        match message.role {
            Role::User => valid.push(message),
            // Answers what is not there: a result is taken with the message that called.
            Role::Tool => {}
            Role::Assistant => {
                let results = rest.next_if(|next| next.role == Role::Tool).map(|next| next.parts);
                let results = matched(&message.parts, results.unwrap_or_default());
                valid.push(message);
                valid.extend(results);
            }
        }
    }
    valid
}

/// Whether a message begins a turn: a person's, and not one of the loop's own.
pub(super) fn begins_turn(message: &Message) -> bool {
    message.role == Role::User && !notice::is_notice(message)
}

/// Where the last `turns` turns begin; the first user's message when all are kept.
fn first_kept(stored: &[Message], turns: Option<u32>) -> usize {
    let starts: Vec<_> = (0..stored.len()).filter(|&index| begins_turn(&stored[index])).collect();
    let kept = turns.map_or(usize::MAX, |turns| turns as usize);
    starts.get(starts.len().saturating_sub(kept)).copied().unwrap_or(stored.len())
}

/// The results of the calls in `said`, one each and in their order; `None` when there are no calls.
fn matched(said: &[Part], mut results: Vec<Part>) -> Option<Message> {
    let parts: Vec<_> = said
        .iter()
        .filter_map(|part| match part {
            Part::ToolUse { id, name, .. } => Some((id, name)),
            _ => None,
        })
        .map(|(id, name)| {
            let found =
                results.iter().position(|part| matches!(part, Part::ToolResult { id: of, .. } if of == id));
            found.map_or_else(|| unanswered(id, name), |index| results.remove(index))
        })
        .collect();
    (!parts.is_empty()).then_some(Message { role: Role::Tool, parts })
}

fn unanswered(id: &str, name: &str) -> Part {
    Part::ToolResult { id: id.to_owned(), name: name.to_owned(), text: notice::unanswered(), error: true }
}
