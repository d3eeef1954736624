//! JSON Schemas that authors write, for arguments and answers: read once, then asked what is wrong with a value.
//!
//! A schema reads nothing beyond itself: a `$ref` to a file or an address is refused. Its regular expressions are those
//! that take time in proportion to the text.

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// A schema that is valid and complete.
#[derive(Debug)]
pub struct JsonSchema {
    validator: Validator,
}

/// What is wrong with a schema, or with a value that should fit one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mismatch {
    /// Where, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What, in a sentence.
    pub message: String,
}

impl JsonSchema {
    /// Reads a schema, or tells everything that is wrong with it.
    pub fn read(schema: &Value) -> Result<Self, Vec<Mismatch>> {
        let elsewhere = references(schema, "");
        if !elsewhere.is_empty() {
            return Err(elsewhere);
        }
        let metas = jsonschema::meta::validator_for(schema).map_err(|error| vec![mismatch(&error)])?;
        let wrong: Vec<Mismatch> = metas.iter_errors(schema).map(|error| mismatch(&error)).collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        match options.build(schema) {
            Ok(validator) => Ok(Self { validator }),
            Err(error) => Err(vec![mismatch(&error)]),
        }
    }

    /// Everything about `value` that does not fit; nothing when it fits.
    pub fn mismatches(&self, value: &Value) -> Vec<Mismatch> {
        self.validator.iter_errors(value).map(|error| mismatch(&error)).collect()
    }
}

/// Every reference to something outside of the schema.
fn references(schema: &Value, at: &str) -> Vec<Mismatch> {
    let inner = |(key, value): (String, &Value)| references(value, &format!("{at}/{key}"));
    match schema {
        Value::Object(fields) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            let own = ["$ref", "$dynamicRef"].into_iter().filter_map(|key| {
                let target = fields.get(key)?.as_str().filter(|target| !target.starts_with('#'))?;
                let message = format!(
                    "`{target}` lies elsewhere; a schema refers to its own parts, such as #/$defs/name"
                );
                Some(Mismatch { pointer: format!("{at}/{key}"), message })
            });
            own.chain(fields.iter().flat_map(|(key, value)| inner((escaped(key), value)))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, value)| inner((index.to_string(), value))).collect()
        }
        _ => Vec::new(),
    }
}

fn mismatch(error: &ValidationError<'_>) -> Mismatch {
    Mismatch { pointer: error.instance_path().to_string(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(schema: &Value) -> String {
        let wrong = JsonSchema::read(schema).expect_err("no schema");
        wrong.iter().map(|wrong| format!("{}: {wrong}", wrong.pointer)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_value_that_does_not_fit_is_told_everything() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["b"]});
        let schema = JsonSchema::read(&schema).expect("a schema");
        assert_eq!(schema.mismatches(&json!({"a": 1, "b": 2})), []);
        let said: Vec<String> =
            schema.mismatches(&json!({"a": "x"})).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["\"b\" is a required property", "\"x\" is not of type \"integer\""]);
    }

    #[test]
    fn a_schema_reads_nothing_beyond_itself() {
        for uri in ["http://127.0.0.1:1/x.json", "https://example.com/x", "file:///etc/passwd", "other.json"]
        {
            assert!(JsonSchema::read(&json!({"properties": {"a": {"$ref": uri}}})).is_err(), "{uri}");
        }
        assert_eq!(
            refused(&json!({"properties": {"a": {"type": "strng"}}})),
            "/properties/a/type: \"strng\" is not valid under any of the schemas listed in the 'anyOf' keyword"
        );
        assert!(JsonSchema::read(&json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})).is_ok());
    }
}
