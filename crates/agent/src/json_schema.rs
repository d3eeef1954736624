//! JSON Schemas of arguments and answers: read once, then asked what is wrong with a value. The one place that knows the
//! validator.
//!
//! A schema comes from anybody, an MCP server included. It reads nothing beyond itself: a `$ref` to a file or an address
//! is refused. Its patterns may look around, as those that zod writes do; how long one may take is bounded, and so are
//! the size of the whole and the work on a value. Mismatches name the place and are short, since they go into a model's context.

mod effort;

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// Larger than what anybody writes by hand.
const SIZE_MAX: usize = 256 << 10;
/// The steps back a pattern may take in a text before the text counts as not matching.
const BACKTRACK_MAX: usize = 100_000;
/// The most looks at a part of the schema and a piece of the value.
const EFFORT_MAX: u64 = 1_000_000;
/// The most mismatches that are told at once.
const MISMATCHES_MAX: usize = 10;
/// The most characters of one: a validator quotes the value, however long it is.
const MESSAGE_CHARS_MAX: usize = 300;

/// A schema that is valid and complete.
#[derive(Debug)]
pub struct JsonSchema {
    schema: Value,
    validator: Validator,
}

/// What is wrong with a schema, or with a value that should fit one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", at(pointer))]
pub struct Mismatch {
    /// Where, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What, in a sentence.
    pub message: String,
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("at `{pointer}`: ") }
}

impl JsonSchema {
    /// Reads a schema, or tells what is wrong with it.
    pub fn read(schema: &Value) -> Result<Self, Vec<Mismatch>> {
        let size = schema.to_string().len();
        if size > SIZE_MAX {
            let message = format!("the schema has {size} bytes; at most {SIZE_MAX} are allowed");
            return Err(vec![Mismatch { pointer: String::new(), message }]);
        }
        let elsewhere = references(schema, schema, "", Base::Root);
        if !elsewhere.is_empty() {
            return Err(elsewhere);
        }
        let metas = jsonschema::meta::validator_for(schema).map_err(|error| vec![mismatch(&error)])?;
        let wrong = told(&metas, schema);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_MAX);
        let options = jsonschema::options().offline().with_pattern_options(patterns);
        match options.build(schema) {
            Ok(validator) => Ok(Self { schema: schema.clone(), validator }),
            Err(error) => Err(vec![mismatch(&error)]),
        }
    }

    /// What about `value` does not fit, the first few at least; nothing when it fits.
    pub fn mismatches(&self, value: &Value) -> Vec<Mismatch> {
        if !effort::is_within(EFFORT_MAX, &self.schema, value) {
            let message = "it would take too long to check it against the schema".to_owned();
            return vec![Mismatch { pointer: String::new(), message }];
        }
        told(&self.validator, value)
    }
}

fn told(validator: &Validator, value: &Value) -> Vec<Mismatch> {
    validator.iter_errors(value).take(MISMATCHES_MAX).map(|error| mismatch(&error)).collect()
}

/// Every reference that leads out of the schema, or that is not found by the path from its root.
fn references(root: &Value, part: &Value, at: &str, base: Base) -> Vec<Mismatch> {
    let inner = |(key, part): (String, &Value), base| references(root, part, &format!("{at}/{key}"), base);
    match part {
        Value::Object(fields) => {
            let is_named = ["$id", "id"].iter().any(|key| fields.get(*key).is_some_and(Value::is_string));
            let base = if is_named && !at.is_empty() { Base::Own } else { base };
            let leads_out = |key: &&str| {
                let reference = fields.get(*key).filter(|reference| reference.is_string());
                reference.is_some_and(|to| base == Base::Own || effort::target(root, to).is_none())
            };
            let own = ["$ref", "$dynamicRef", "$recursiveRef"].into_iter().filter(leads_out).map(|key| {
                let message = format!(
                    "`{}` lies elsewhere; a schema refers to its own parts, such as #/$defs/name",
                    fields[key].as_str().unwrap_or_default()
                );
                Mismatch { pointer: format!("{at}/{key}"), message }
            });
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            own.chain(fields.iter().flat_map(|(key, part)| inner((escaped(key), part), base))).collect()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(index, part)| inner((index.to_string(), part), base)).collect()
        }
        _ => Vec::new(),
    }
}

/// What `#` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    /// The whole schema.
    Root,
    /// A part of it that has an address of its own.
    Own,
}

fn mismatch(error: &ValidationError<'_>) -> Mismatch {
    let message = error.to_string().chars().take(MESSAGE_CHARS_MAX).collect();
    Mismatch { pointer: error.instance_path().to_string(), message }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(schema: &Value) -> String {
        let wrong = JsonSchema::read(schema).expect_err("no schema");
        wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["b"]});
        let schema = JsonSchema::read(&schema).expect("a schema");
        assert_eq!(schema.mismatches(&json!({"a": 1, "b": 2})), []);
        let said: Vec<String> =
            schema.mismatches(&json!({"a": "x"})).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["\"b\" is a required property", "at `/a`: \"x\" is not of type \"integer\""]);
    }

    #[test]
    fn a_schema_reads_nothing_beyond_itself() {
        for uri in ["http://127.0.0.1:1/x.json", "https://example.com/x", "file:///etc/passwd", "other.json"]
        {
            assert!(JsonSchema::read(&json!({"properties": {"a": {"$ref": uri}}})).is_err(), "{uri}");
        }
        assert_eq!(
            refused(&json!({"properties": {"a": {"type": "strng"}}})),
            "at `/properties/a/type`: \"strng\" is not valid under any of the schemas listed in the 'anyOf' keyword"
        );
        assert!(JsonSchema::read(&json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})).is_ok());
    }
    #[test]
    fn a_pattern_may_look_around_and_gives_up_in_time() {
        let schema = json!({"type": "string", "pattern": "^(?!\\.)(?!.*\\.\\.)[a-z.]+@[a-z]+$"});
        let email = JsonSchema::read(&schema).expect("zod writes such");
        assert_eq!(email.mismatches(&json!("a.b@c")), []);
        assert_eq!(email.mismatches(&json!(".a@c")).len(), 1);
        let slow = JsonSchema::read(&json!({"pattern": "^(?=a)(a|aa|aaa)+$"})).expect("a schema");
        assert_eq!(slow.mismatches(&json!(format!("{}!", "a".repeat(60)))).len(), 1);
    }

    #[test]
    fn what_is_told_is_short() {
        let schema = json!({"type": "array", "items": {"type": "null"}});
        let schema = JsonSchema::read(&schema).expect("a schema");
        let wrong = schema.mismatches(&json!(vec!["x".repeat(5_000); 50]));
        assert_eq!(wrong.len(), MISMATCHES_MAX);
        assert!(wrong.iter().all(|wrong| wrong.message.len() <= MESSAGE_CHARS_MAX));
        let huge = json!({"description": "x".repeat(SIZE_MAX)});
        assert!(refused(&huge).starts_with("the schema has "), "{}", refused(&huge));
    }
    #[test]
    fn parts_are_found_by_their_path_alone() {
        let parts = json!({"$defs": {"Foo<T>": {"type": "string"}}, "$ref": "#/$defs/Foo%3CT%3E"});
        assert_eq!(JsonSchema::read(&parts).expect("a schema").mismatches(&json!(1)).len(), 1);
        let moved = json!({"$defs": {"a": {"$id": "urn:a", "items": {"$ref": "#"}}}, "$ref": "#/$defs/a"});
        assert_eq!(
            refused(&moved),
            "at `/$defs/a/items/$ref`: `#` lies elsewhere; a schema refers to its own parts, such as #/$defs/name"
        );
        assert!(JsonSchema::read(&json!({"$anchor": "a", "items": {"$ref": "#a"}})).is_err());
    }

    #[test]
    fn a_schema_that_would_be_checked_for_ever_is_not() {
        let twice = |to: &str| json!({"allOf": [{"$ref": to}, {"items": {}, "$ref": to}]});
        let mut parts: serde_json::Map<String, Value> =
            (0..60).map(|at| (at.to_string(), twice(&format!("#/$defs/{}", at + 1)))).collect();
        parts.insert("60".to_owned(), json!({"type": "string"}));
        let doubling = json!({"$ref": "#/$defs/0", "$defs": parts});
        let again = json!({"properties": {"a": {"$ref": "#"}}});
        let branching = json!({"anyOf": [again, {"required": ["b"], "properties": {"a": {"$ref": "#"}}}]});
        let endless = json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]});
        let deep = (0..60).fold(json!(1), |inner, _| json!({"a": inner}));
        for schema in [doubling, branching, endless] {
            let wrong = JsonSchema::read(&schema).expect("a schema").mismatches(&deep);
            let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            assert_eq!(told, ["it would take too long to check it against the schema"], "{schema}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_is_checked() {
        let tree = json!({
            "type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#"}}}, "required": ["name"],
        });
        let tree = JsonSchema::read(&tree).expect("a schema");
        let leaf = json!({"name": "x", "below": []});
        let whole = (0..50).fold(leaf, |inner, _| json!({"name": "x", "below": [inner, {"name": "y"}]}));
        assert_eq!(tree.mismatches(&whole), []);
        assert_eq!(tree.mismatches(&json!({"name": "x", "below": [{}]})).len(), 1);
    }
}
