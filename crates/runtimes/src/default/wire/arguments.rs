//! The arguments of a call: an object, or the text that should have been one.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// Reads what the model wrote. Nothing and `null` are no arguments; what is no object stays the text it is.
pub(super) fn read(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Value::Object(arguments),
        Ok(Value::Null) => Value::Object(Map::new()),
        Err(_) if text.trim().is_empty() => Value::Object(Map::new()),
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    }
}

/// The arguments as an object. Text becomes a member, because providers refuse a conversation in which a call has none.
pub(super) fn object(arguments: &Value) -> Cow<'_, Value> {
    match arguments {
        Value::Object(_) => Cow::Borrowed(arguments),
        other => Cow::Owned(json!({"not_an_object": other})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_no_object_is_kept_as_written() {
        for empty in ["", " \n", "null", "{}"] {
            assert_eq!(read(empty), json!({}), "{empty:?}");
        }
        assert_eq!(read(r#"{"a": [1]}"#), json!({"a": [1]}));
        for text in [r#"{"a": "#, r#""{\"a\":1}""#, "[1]", "7", "a=1"] {
            assert_eq!(read(text), json!(text));
        }
    }

    #[test]
    fn text_is_sent_back_inside_an_object() {
        assert_eq!(*object(&json!({"a": 1})), json!({"a": 1}));
        assert_eq!(*object(&json!("{\"a\"")), json!({"not_an_object": "{\"a\""}));
    }
}
