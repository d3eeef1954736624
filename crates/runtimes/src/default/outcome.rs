//! What a conversation came to, from what is kept of it alone: every attempt that finds the same history says the same.

use mainspring_agent::JsonSchema;
use serde_json::Value;

use super::{Message, Role, history::begins_turn, notice, structure};

/// What the last turn came to: the document that `schema` describes when it ended with one, else what was said last.
pub fn outcome(history: &[Message], schema: Option<&Value>) -> Value {
    let text = answer(history);
    let schema = schema.and_then(|schema| JsonSchema::read(schema).ok());
    let document = schema.and_then(|schema| structure::read(&text, &schema).ok());
    document.unwrap_or(Value::String(text))
}

/// The last words of the last turn; those of an answer that was cut off stand before its rest.
fn answer(history: &[Message]) -> String {
    let turn = &history[history.iter().rposition(begins_turn).unwrap_or_default()..];
    let speaks = |message: &Message| message.role == Role::Assistant && !message.plain().trim().is_empty();
    let Some(last) = turn.iter().rposition(speaks) else { return String::new() };
    let text = turn[last].plain();
    match &turn[..last] {
        [.., cut_off, asked] if cut_off.role == Role::Assistant && *asked == notice::go_on() => {
            cut_off.plain() + &text
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(text: &str) -> Message {
        Message::text(Role::Assistant, text)
    }

    #[test]
    fn a_document_counts_where_one_is_asked_for() {
        let schema = json!({"type": "object"});
        let history = [Message::user("Which?"), said("Here:\n```json\n{\"a\": 1}\n```")];
        assert_eq!(outcome(&history, Some(&schema)), json!({"a": 1}));
        assert_eq!(outcome(&history, None), json!("Here:\n```json\n{\"a\": 1}\n```"));
        assert_eq!(outcome(&[Message::user("Which?"), said("None.")], Some(&schema)), json!("None."));
    }

    #[test]
    fn an_answer_in_two_pieces_is_one() {
        let history = [Message::user("Count."), said("1, 2, "), notice::go_on(), said("3")];
        assert_eq!(outcome(&history, None), json!("1, 2, 3"));
    }

    #[test]
    fn a_turn_that_says_nothing_comes_to_nothing() {
        let history = [Message::user("One."), said("1"), Message::user("Two.")];
        assert_eq!(outcome(&history, None), json!(""));
        assert_eq!(outcome(&[], None), json!(""));
    }
}
