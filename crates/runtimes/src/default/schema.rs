//! JSON Schemas of arguments and answers: the one place that knows the validator.
//!
//! A schema comes from anybody, an MCP server included. Reading one fetches nothing: a `$ref` to another place is an
//! error. Patterns may look around, as those of many MCP servers do; how long one may take is bounded. Messages name
//! the place in the document and are short, since they go into a model's context.

use jsonschema::PatternOptions;
use serde_json::Value;

/// The steps back a pattern may take in a text before the text counts as not matching.
const BACKTRACK_MAX: usize = 100_000;
/// The most mistakes that are told at once.
const MISTAKES_MAX: usize = 10;
/// The most characters of one mistake: a validator quotes the value, however long it is.
const MISTAKE_CHARS_MAX: usize = 300;

/// A schema that documents can be checked against.
#[derive(Debug)]
pub(super) struct Schema(jsonschema::Validator);

impl Schema {
    /// The schema, or what is wrong with it.
    pub(super) fn read(schema: &Value) -> Result<Self, String> {
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_MAX);
        let options = jsonschema::options().offline().with_pattern_options(patterns);
        options.build(schema).map(Self).map_err(|error| told(&error))
    }

    /// What is wrong with `document`; nothing when it is valid.
    pub(super) fn mistakes(&self, document: &Value) -> Vec<String> {
        self.0.iter_errors(document).take(MISTAKES_MAX).map(|error| told(&error)).collect()
    }
}

fn told(error: &jsonschema::ValidationError<'_>) -> String {
    let words: String = error.to_string().chars().take(MISTAKE_CHARS_MAX).collect();
    match error.instance_path().as_str() {
        "" => words,
        place => format!("at `{place}`: {words}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["m"]});
        let schema = Schema::read(&schema).expect("it is a schema");
        assert_eq!(schema.mistakes(&json!({"n": 1, "m": 2})), Vec::<String>::new());
        assert_eq!(
            schema.mistakes(&json!({"n": "x"})),
            [r#""m" is a required property"#, r#"at `/n`: "x" is not of type "integer""#]
        );
    }

    #[test]
    fn nothing_is_fetched_for_a_schema() {
        for place in ["http://127.0.0.1:1/schema.json", "file:///etc/passwd", "other.json"] {
            assert!(Schema::read(&json!({"$ref": place})).is_err(), "{place}");
        }
    }
}
