//! The argument of a tool call that matters most to a person, in one line.

use serde_json::Value;

/// Which argument of our own tools says what a call is about; the first that is there.
const SUBJECTS: [(&str, &[&str]); 10] = [
    ("shell", &["command"]),
    ("read_file", &["path"]),
    ("write_file", &["path"]),
    ("edit_file", &["path"]),
    ("list_files", &["pattern", "path"]),
    ("search_files", &["pattern"]),
    ("web_fetch", &["url"]),
    ("python", &["code"]),
    ("task", &["prompt"]),
    ("ask_user", &["question"]),
];

/// What the call is about; of a tool that is not ours its only text, or all arguments as JSON.
pub(crate) fn subject(tool: &str, arguments: &Value) -> String {
    subject_field(tool, arguments).map_or_else(|| compact(arguments), |(_, text)| one_line(text))
}

/// The argument that says what the call is about, by name, when one does.
pub(crate) fn subject_field<'a>(tool: &str, arguments: &'a Value) -> Option<(&'a str, &'a str)> {
    let fields = arguments.as_object()?;
    let text = |(name, value): (&'a String, &'a Value)| Some((name.as_str(), value.as_str()?));
    let known = SUBJECTS.iter().find(|(name, _)| *name == tool).map_or(&[][..], |(_, names)| names);
    let named = known.iter().find_map(|name| fields.get_key_value(*name).and_then(text));
    named.or_else(|| fields.iter().next().filter(|_| fields.len() == 1).and_then(text))
}

fn compact(arguments: &Value) -> String {
    match arguments {
        Value::Null => String::new(),
        // Arguments that are too long to be shown come as the beginning of their text.
        Value::String(text) => one_line(text),
        Value::Object(fields) if fields.is_empty() => String::new(),
        other => other.to_string(),
    }
}

/// The lines of a text as one.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ⏎ ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_argument_that_matters_is_named_by_the_tool() {
        let table = [
            ("shell", json!({"timeout": 3, "command": "cargo test"}), "cargo test"),
            ("edit_file", json!({"path": "a.rs", "old": "x", "new": "y"}), "a.rs"),
            ("list_files", json!({"path": "src"}), "src"),
            ("python", json!({"code": "import os\n\nprint(1)\n"}), "import os ⏎ print(1)"),
            ("files__read", json!({"file": "a.txt"}), "a.txt"),
            ("files__move", json!({"from": "a", "to": "b"}), r#"{"from":"a","to":"b"}"#),
            ("now", json!({}), ""),
        ];
        for (tool, arguments, text) in table {
            assert_eq!(subject(tool, &arguments), text);
        }
    }
}
