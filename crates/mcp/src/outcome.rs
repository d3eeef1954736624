//! What became of a call, and what a server's answer says.

use serde_json::Value;

use crate::{evidence::printable, listing::ToolSpec, shape};

/// How much of a schema's complaint is told.
const MISFIT_MAX: usize = 300;

/// What became of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The server answered.
    Returned {
        /// What it said, whole; what is no text is named.
        text: String,
        /// Whether that is an error of the tool, or an answer that is not what the server promised.
        error: bool,
    },
    /// The call never reached the server.
    Failed {
        /// Why, and what to do.
        message: String,
    },
    /// The call was on its way and nobody knows what came of it.
    Unknown {
        /// Why, and what to do.
        message: String,
    },
}

impl Outcome {
    /// Reads an answer; `server` and `tool` are who gave it.
    pub(crate) fn read(server: &str, tool: &ToolSpec, answer: &Value) -> Self {
        let content = answer.get("content").and_then(Value::as_array);
        let structured = answer.get("structuredContent");
        if content.is_none() && structured.is_none() {
            return Self::complaint(server, tool, "is no result of a tool", &answer.to_string());
        }
        let mut text = content.into_iter().flatten().map(piece).collect::<Vec<_>>().join("\n");
        if text.is_empty() {
            text = structured.map(Value::to_string).unwrap_or_default();
        }
        let error = answer.get("isError").and_then(Value::as_bool).unwrap_or(false);
        match (&tool.output, structured) {
            (Some(schema), Some(value)) if !error => match shape::misfit(schema, value) {
                Some(misfit) => {
                    let misfit: String = printable(&misfit).chars().take(MISFIT_MAX).collect();
                    Self::complaint(server, tool, &format!("breaks its own schema: {misfit}"), &text)
                }
                None => Self::Returned { text, error },
            },
            (Some(_), None) if !error => {
                Self::complaint(server, tool, "has not the structured part that its schema promises", &text)
            }
            _ => Self::Returned { text, error },
        }
    }

    /// An answer that is not what was promised. It is an answer: the call took place.
    fn complaint(server: &str, tool: &ToolSpec, what: &str, text: &str) -> Self {
        let name = &tool.own_name;
        let text = format!(
            "the call of `{name}` took place, and the answer of MCP server `{server}` {what}. it said:\n{text}"
        );
        Self::Returned { text, error: true }
    }
}

/// A piece of content as text.
fn piece(content: &Value) -> String {
    let field = |name: &str| content.get(name).and_then(Value::as_str);
    let media = |content: &Value| {
        let media = content.get("mimeType").and_then(Value::as_str).unwrap_or("of no stated type");
        printable(media)
    };
    match field("type") {
        Some("text") => field("text").unwrap_or_default().to_owned(),
        Some(kind @ ("image" | "audio")) => {
            let bytes = field("data").map_or(0, str::len) / 4 * 3;
            format!("[{kind} {}, about {bytes} bytes, not shown]", media(content))
        }
        Some("resource_link") => format!("[resource {}]", printable(field("uri").unwrap_or_default())),
        Some("resource") => {
            let resource = content.get("resource").unwrap_or(&Value::Null);
            match resource.get("text").and_then(Value::as_str) {
                Some(text) => text.to_owned(),
                None => format!("[resource {}, not shown]", media(resource)),
            }
        }
        _ => content.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &Value, output: Option<Value>) -> (String, bool) {
        let tool = ToolSpec {
            name: "s__t".into(),
            own_name: "t".into(),
            description: String::new(),
            parameters: json!({"type": "object"}),
            output,
            hints: crate::Hints::default(),
        };
        match Outcome::read("s", &tool, answer) {
            Outcome::Returned { text, error } => (text, error),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_is_read_as_text() {
        let content = json!([{"type": "text", "text": "a"}, {"type": "image", "mimeType": "image/png", "data": "AAAA"},
            {"type": "resource", "resource": {"uri": "x:y", "text": "b"}}, {"type": "resource_link", "uri": "x:z"}]);
        let (text, error) = read(&json!({"content": content}), None);
        assert_eq!(
            (text.as_str(), error),
            ("a\n[image image/png, about 3 bytes, not shown]\nb\n[resource x:z]", false)
        );
        assert_eq!(read(&json!({"structuredContent": {"x": 1}}), None), (r#"{"x":1}"#.into(), false));
        assert_eq!(read(&json!({"content": [], "isError": true}), Some(json!({}))), (String::new(), true));
    }

    #[test]
    fn a_server_is_held_to_its_schema() {
        let schema = json!({"type": "object", "properties": {"x": {"type": "number"}}});
        let answer = json!({"content": [{"type": "text", "text": "one"}], "structuredContent": {"x": "1"}});
        let expected = "the call of `t` took place, and the answer of MCP server `s` breaks its own schema: `$.x` is \
                        string, not number. it said:\none";
        assert_eq!(read(&answer, Some(schema.clone())), (expected.into(), true));
        let (text, error) = read(&json!({"content": []}), Some(schema));
        assert!(error && text.contains("has not the structured part"), "{text}");
    }

    #[test]
    fn an_answer_that_is_none_is_shown() {
        let (text, error) = read(&json!({"tools": 3}), None);
        assert!(error && text.ends_with("is no result of a tool. it said:\n{\"tools\":3}"), "{text}");
    }
}
