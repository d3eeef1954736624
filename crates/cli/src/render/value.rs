//! A run's result as text.

use serde_json::Value;

use crate::output::Surface;

/// Text plain, so that it can be read and piped on; everything else as JSON, spread out only for a terminal.
pub(crate) fn result(value: &Value, surface: Surface) -> String {
    match (value, surface) {
        (Value::String(text), _) => text.clone(),
        (value, Surface::Terminal { .. }) => format!("{value:#}"),
        (value, Surface::Plain) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_plain_and_json_spreads_only_on_a_terminal() {
        assert_eq!(result(&json!("two\nlines"), Surface::Plain), "two\nlines");
        assert_eq!(result(&json!({"a": 1}), Surface::Plain), r#"{"a":1}"#);
        assert_eq!(result(&json!({"a": 1}), Surface::Terminal { columns: 80 }), "{\n  \"a\": 1\n}");
    }
}
