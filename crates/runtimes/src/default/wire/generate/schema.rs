//! A JSON Schema in the words that Gemini knows: a part of `OpenAPI`'s, in which every schema has one type.
//!
//! What Gemini has no word for is left out, and where a value may be of several types it becomes one of the first. What a
//! model makes of it is checked against the whole schema elsewhere. Schemas come from strangers too: however they refer
//! to each other, the cleaned one has a limited size.

use std::cell::Cell;

use serde_json::{Map, Value, json};

/// How many references are followed within one another.
const REFERENCES_MAX: usize = 4;

/// How many schemas one becomes when references are followed. What is beyond either limit is an object of any shape.
const SCHEMAS_MAX: usize = 2_000;

/// Keywords that mean the same to Gemini.
const KEPT: [&str; 7] =
    ["description", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"];

/// The schema as Gemini takes it.
pub(super) fn cleaned(schema: &Value) -> Value {
    Cleaner { root: schema, left: Cell::new(SCHEMAS_MAX) }.clean(schema, REFERENCES_MAX)
}

struct Cleaner<'a> {
    /// Where references lead.
    root: &'a Value,
    /// How many schemas there may still be.
    left: Cell<usize>,
}

impl<'a> Cleaner<'a> {
    /// The schema, in which `depth` references may still be followed.
    fn clean(&self, schema: &'a Value, depth: usize) -> Value {
        let Some((schema, depth)) = self.target(schema, depth) else { return json!({"type": "object"}) };
        let mut cleaned = Map::new();
        self.fill(&mut cleaned, schema, depth);
        cleaned.entry("type").or_insert_with(|| "string".into());
        if cleaned.contains_key("anyOf") {
            // Beside alternatives only a description may stand.
            cleaned.retain(|keyword, _| ["anyOf", "description", "nullable"].contains(&keyword.as_str()));
        }
        if cleaned.get("type").is_some_and(|kind| kind == "array") {
            cleaned.entry("items").or_insert_with(|| json!({"type": "string"}));
        }
        Value::Object(cleaned)
    }

    /// The schema itself, or the one it refers to; `None` beyond the limits.
    fn target(&self, schema: &'a Value, depth: usize) -> Option<(&'a Value, usize)> {
        self.left.set(self.left.get().checked_sub(1)?);
        let path = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
        match path.and_then(|path| self.root.pointer(path)) {
            Some(target) => self.target(target, depth.checked_sub(1)?),
            None => Some((schema, depth)),
        }
    }

    /// Adds what the schema says.
    fn fill(&self, cleaned: &mut Map<String, Value>, schema: &'a Value, depth: usize) {
        for keyword in KEPT {
            if let Some(value) = schema.get(keyword) {
                cleaned.insert(keyword.to_owned(), value.clone());
            }
        }
        for part in list(&schema["allOf"]) {
            if let Some((part, depth)) = self.target(part, depth) {
                self.fill(cleaned, part, depth);
            }
        }
        set_type(cleaned, schema);
        set_words(cleaned, schema);
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            cleaned.insert("items".to_owned(), self.clean(items, depth));
        }
        self.fill_members(cleaned, schema, depth);
        self.fill_alternatives(cleaned, schema, depth);
    }

    /// Adds the members of an object, and which of them it must have.
    fn fill_members(&self, cleaned: &mut Map<String, Value>, schema: &'a Value, depth: usize) {
        let Some(members) = schema["properties"].as_object() else { return };
        let clean = |(name, member): (&String, &'a Value)| (name.clone(), self.clean(member, depth));
        let all = cleaned.entry("properties").or_insert_with(|| json!({}));
        all.as_object_mut().into_iter().for_each(|all| all.extend(members.iter().map(clean)));
        let required = list(&schema["required"]).iter();
        let required = required.filter(|name| name.as_str().is_some_and(|name| members.contains_key(name)));
        let before = cleaned.remove("required").unwrap_or_default();
        let required: Vec<Value> = list(&before).iter().chain(required).cloned().collect();
        if !required.is_empty() {
            cleaned.insert("required".to_owned(), required.into());
        }
    }

    /// Adds the alternatives; one that is nothing but `null` becomes a word of its own.
    fn fill_alternatives(&self, cleaned: &mut Map<String, Value>, schema: &'a Value, depth: usize) {
        let alternatives = list(&schema["anyOf"]).iter().chain(list(&schema["oneOf"]));
        let (nulls, rest): (Vec<_>, Vec<_>) = alternatives.partition(|schema| schema["type"] == "null");
        if !nulls.is_empty() {
            cleaned.insert("nullable".to_owned(), true.into());
        }
        match rest.as_slice() {
            [] => {}
            [only] => {
                let only = self.clean(only, depth);
                for (keyword, value) in only.as_object().into_iter().flatten() {
                    cleaned.entry(keyword.clone()).or_insert_with(|| value.clone());
                }
            }
            many => {
                let many: Vec<Value> = many.iter().map(|schema| self.clean(schema, depth)).collect();
                cleaned.insert("anyOf".to_owned(), many.into());
            }
        }
    }
}

/// Adds the type. Of several the first that is not `null` stands for all, since a schema has one.
fn set_type(cleaned: &mut Map<String, Value>, schema: &Value) {
    let told = &schema["type"];
    let kinds: Vec<&str> =
        told.as_str().into_iter().chain(list(told).iter().filter_map(Value::as_str)).collect();
    if kinds.contains(&"null") {
        cleaned.insert("nullable".to_owned(), true.into());
    }
    let implied = [("properties", "object"), ("items", "array")];
    let implied = implied.iter().find(|(keyword, _)| schema.get(keyword).is_some()).map(|(_, kind)| *kind);
    if let Some(kind) = kinds.into_iter().find(|kind| *kind != "null").or(implied) {
        cleaned.insert("type".to_owned(), kind.into());
    }
}

/// Adds the values that are allowed, when they are words: others Gemini refuses.
fn set_words(cleaned: &mut Map<String, Value>, schema: &Value) {
    let values = schema.get("const").map_or_else(|| list(&schema["enum"]), std::slice::from_ref);
    let words: Vec<Value> = values.iter().filter(|value| value.is_string()).cloned().collect();
    let others = values.iter().any(|value| !value.is_string() && !value.is_null());
    if !words.is_empty() && !others {
        cleaned.insert("type".to_owned(), "string".into());
        cleaned.insert("enum".to_owned(), words.into());
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gemini_has_no_word_for_is_left_out() {
        let schema = json!({
            "$schema": "x", "type": "object", "additionalProperties": false, "required": ["a", "gone"],
            "properties": {
                "a": {"type": ["string", "null"], "format": "uri", "default": "x", "maxLength": 9},
                "b": {"const": "on"}, "c": {"enum": [1, 2], "type": "integer", "exclusiveMinimum": 0},
                "d": {"type": "array"}, "e": true, "type": {"description": "any"},
            },
        });
        let expected = json!({
            "type": "object", "required": ["a"],
            "properties": {
                "a": {"maxLength": 9, "nullable": true, "type": "string"},
                "b": {"type": "string", "enum": ["on"]}, "c": {"type": "integer"},
                "d": {"type": "array", "items": {"type": "string"}}, "e": {"type": "string"},
                "type": {"description": "any", "type": "string"},
            },
        });
        assert_eq!(cleaned(&schema), expected);
    }

    #[test]
    fn references_are_followed_and_alternatives_joined() {
        let schema = json!({
            "allOf": [{"$ref": "#/$defs/named"}, {"properties": {"n": {"type": "integer"}}, "required": ["n"]}],
            "properties": {
                "x": {"anyOf": [{"$ref": "#/$defs/word"}, {"type": "null"}]},
                "y": {"oneOf": [{"type": "integer"}, {"$ref": "#/$defs/word"}]},
            },
            "$defs": {
                "named": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
                "word": {"type": "string", "description": "a word"},
            },
        });
        let word = json!({"description": "a word", "type": "string"});
        let expected = json!({
            "type": "object", "required": ["name", "n"],
            "properties": {
                "name": {"type": "string"}, "n": {"type": "integer"},
                "x": {"nullable": true, "description": "a word", "type": "string"},
                "y": {"anyOf": [{"type": "integer"}, word]},
            },
        });
        assert_eq!(cleaned(&schema), expected);
    }

    #[test]
    fn schemas_that_refer_to_each_other_without_end_become_small_ones() {
        let many = |name: &str| json!({"properties": {"a": {"$ref": name}, "b": {"$ref": name}, "c": {"$ref": name}}});
        let hostile = json!({
            "type": "object", "properties": {"next": {"$ref": "#"}, "all": {"allOf": [{"$ref": "#"}]}},
            "anyOf": [many("#"), many("#/anyOf/0"), {"$ref": "#/anyOf/2"}],
        });
        let size = cleaned(&hostile).to_string().len();
        assert!(size < 200_000, "{size}");
        assert_eq!(cleaned(&json!({"$ref": "#"})), json!({"type": "object"}));
    }
}
