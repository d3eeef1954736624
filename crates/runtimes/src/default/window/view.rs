//! A conversation without what is left out, and with a line in each place where something is missing.

use std::borrow::Cow;

use super::LeftOut;
use crate::default::{Message, Part, notice};

/// The conversation as the model sees it.
pub(super) fn view(conversation: &[Message], left_out: &LeftOut) -> Vec<Message> {
    let mut seen: Vec<Message> = Vec::with_capacity(conversation.len());
    let mut missing = 0;
    for (index, message) in conversation.iter().enumerate() {
        if left_out.messages.contains(&index) {
            missing += 1;
            continue;
        }
        tell_missing(&mut seen, &mut missing);
        seen.push(shown(index, message, left_out));
    }
    tell_missing(&mut seen, &mut missing);
    seen
}

/// One message that is not left out whole.
pub(super) fn shown(index: usize, message: &Message, left_out: &LeftOut) -> Message {
    let parts = message.parts.iter().enumerate().filter_map(|(part_index, part)| match part {
        Part::Thinking { .. } if left_out.thoughts.contains(&index) => None,
        Part::ToolResult { id, name, text, error } => {
            let text = if left_out.outputs.contains(&(index, part_index)) {
                notice::output_left_out(name, id, index + 1, text.chars().count())
            } else {
                cut(text, left_out.output_chars).into_owned()
            };
            Some(Part::ToolResult { id: id.clone(), name: name.clone(), text, error: *error })
        }
        part => Some(part.clone()),
    });
    Message { role: message.role, parts: parts.collect() }
}

/// Ends the message before a gap with how much is missing. It is a user's: gaps begin after one.
fn tell_missing(seen: &mut [Message], missing: &mut usize) {
    if let Some(last) = seen.last_mut().filter(|_| *missing > 0) {
        last.parts.push(Part::text(notice::messages_left_out(*missing)));
    }
    *missing = 0;
}

/// A text of at most `kept` characters: its beginning, its end, and between them how much is missing.
fn cut(text: &str, kept: usize) -> Cow<'_, str> {
    let total = if text.len() <= kept { 0 } else { text.chars().count() };
    if total <= kept {
        return Cow::Borrowed(text);
    }
    let at = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(index, _)| index);
    let (head, tail) = (kept / 2, kept - kept / 2);
    let line = notice::cut(total - kept, total);
    Cow::Owned(format!("{}{line}{}", &text[..at(head)], &text[at(total - tail)..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_its_middle() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("0123äxü789", 4), "01\n[mainspring] 6 of 10 characters are left out here\n89");
    }
}
