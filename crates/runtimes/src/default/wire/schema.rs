//! A JSON Schema as providers enforce it: closed objects, and nothing beside the shape.
//!
//! Where a provider enforces a schema, every answer has the shape. What is left out here, such as lengths and ranges, is
//! left to the check that every answer passes anyway.

use serde_json::{Map, Value};

/// Keywords whose loss would make the enforced shape exclude right answers.
const OPEN: [&str; 6] =
    ["allOf", "patternProperties", "if", "dependentSchemas", "prefixItems", "$dynamicRef"];

/// The schema as an answer can be forced into it, or `None` when it allows what cannot be enforced: an object with
/// members that may be missing or are not named.
pub(super) fn closed(schema: &Value) -> Option<Value> {
    if schema["type"] == "object" { close(schema) } else { None }
}

fn close(schema: &Value) -> Option<Value> {
    let schema = schema.as_object()?;
    if OPEN.iter().any(|keyword| schema.contains_key(*keyword)) || !says_something(schema) {
        return None;
    }
    let mut closed = Map::new();
    for (keyword, value) in schema {
        let value = match keyword.as_str() {
            "type" | "enum" | "const" | "required" | "description" | "title" | "$ref" => value.clone(),
            "items" => close(value)?,
            "properties" | "$defs" | "definitions" => close_members(value)?,
            "anyOf" => Value::Array(value.as_array()?.iter().map(close).collect::<Option<_>>()?),
            _ => continue,
        };
        closed.insert(keyword.clone(), value);
    }
    if is_object(schema) {
        names_all(schema).then_some(())?;
        closed.insert("additionalProperties".to_owned(), false.into());
    }
    Some(Value::Object(closed))
}

fn close_members(members: &Value) -> Option<Value> {
    let members = members.as_object()?.iter();
    members.map(|(name, schema)| Some((name.clone(), close(schema)?))).collect()
}

/// Whether it allows less than anything.
fn says_something(schema: &Map<String, Value>) -> bool {
    ["type", "enum", "const", "anyOf", "$ref"].iter().any(|keyword| schema.contains_key(*keyword))
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.get("type").is_some_and(|kind| {
        kind == "object" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "object"))
    })
}

/// Whether every member is named and required, and no other is asked for.
fn names_all(schema: &Map<String, Value>) -> bool {
    let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let named = schema.get("properties").and_then(Value::as_object);
    let is_closed = schema.get("additionalProperties").is_none_or(|others| *others == false);
    is_closed
        && named.is_some_and(|named| {
            named.len() == required.len()
                && required.iter().filter_map(Value::as_str).all(|name| named.contains_key(name))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_closed_and_what_is_no_shape_is_left_out() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["a", "b"],
            "properties": {
                "a": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/n"}},
                "b": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            },
            "$defs": {"n": {"type": "integer", "minimum": 0, "description": "how many"}},
        });
        let closed_schema = json!({
            "type": "object", "required": ["a", "b"],
            "properties": {
                "a": {"type": "array", "items": {"$ref": "#/$defs/n"}},
                "b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "$defs": {"n": {"type": "integer", "description": "how many"}},
            "additionalProperties": false,
        });
        assert_eq!(closed(&schema), Some(closed_schema));
    }

    #[test]
    fn what_allows_more_than_named_members_cannot_be_enforced() {
        let object = |extra: Value| {
            let mut schema =
                json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
            schema.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
            schema
        };
        assert!(closed(&object(json!({"additionalProperties": false}))).is_some());
        for open in [
            json!({"type": "string"}),
            json!(true),
            object(json!({"required": []})),
            object(json!({"additionalProperties": true})),
            object(json!({"patternProperties": {"^x": {"type": "string"}}})),
            object(json!({"properties": {"a": {}}})),
            object(json!({"properties": {"a": {"type": "object"}}})),
        ] {
            assert_eq!(closed(&open), None, "{open}");
        }
    }
}
