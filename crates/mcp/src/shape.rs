//! Whether a value keeps to a schema, as far as can be told in bounded time.
//!
//! The schema is a stranger's, and so is the value. A full validator can be kept busy for ever by schemas that refer to
//! themselves twice, or by regular expressions; this one knows the words that matter for the shape of data, counts its
//! steps and takes for right what it cannot decide.

use serde_json::{Map, Value};

/// How many comparisons one check may make.
const STEPS_MAX: u32 = 100_000;

/// How deep it follows a schema.
const DEPTH_MAX: u32 = 64;

/// The first place where the value differs from its schema, in words; `None` where none was found.
pub(crate) fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let mut check = Check { root: schema, steps: 0, at: vec!["$".to_owned()] };
    check.compare(schema, value, 0).err()
}

/// What is wrong with a schema for the arguments of a tool; `None` where it can be used.
pub(crate) fn unusable(schema: &Value) -> Option<&'static str> {
    let Some(schema) = schema.as_object() else { return Some("its schema is no object") };
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Some("its schema is not of type `object`");
    }
    let properties = match schema.get("properties") {
        None => None,
        Some(Value::Object(properties)) => Some(properties),
        Some(_) => return Some("`properties` of its schema is no object"),
    };
    if properties.is_some_and(|all| all.values().any(|one| !one.is_object() && !one.is_boolean())) {
        return Some("a property of its schema is no schema");
    }
    match schema.get("required") {
        None => None,
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => None,
        Some(_) => Some("`required` of its schema is no list of names"),
    }
}

struct Check<'a> {
    root: &'a Value,
    steps: u32,
    at: Vec<String>,
}

type Fits = Result<(), String>;

impl<'a> Check<'a> {
    fn compare(&mut self, schema: &'a Value, value: &Value, depth: u32) -> Fits {
        self.steps += 1;
        if self.steps > STEPS_MAX || depth > DEPTH_MAX {
            return Ok(());
        }
        let schema = match schema {
            Value::Bool(false) => return self.refuse("must not be there"),
            Value::Object(schema) => schema,
            _ => return Ok(()),
        };
        self.compare_itself(schema, value)?;
        self.compare_members(schema, value, depth)?;
        self.compare_elsewhere(schema, value, depth)
    }

    fn compare_itself(&self, schema: &Map<String, Value>, value: &Value) -> Fits {
        let types: Vec<_> = match schema.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|name| is_of(name, value)) {
            return self.refuse(&format!("is {}, not {}", kind(value), types.join(" or ")));
        }
        if schema.get("const").is_some_and(|only| only != value) {
            return self.refuse("is not the one value that is allowed");
        }
        match schema.get("enum").and_then(Value::as_array) {
            Some(allowed) if !allowed.contains(value) => {
                self.refuse("is none of the values that are allowed")
            }
            _ => Ok(()),
        }
    }

    fn compare_members(&mut self, schema: &'a Map<String, Value>, value: &Value, depth: u32) -> Fits {
        let inside = depth + 1;
        match value {
            Value::Array(items) => {
                let Some(each) = schema.get("items") else { return Ok(()) };
                for (index, item) in items.iter().enumerate() {
                    self.below(format!("[{index}]"), |check| check.compare(each, item, inside))?;
                }
            }
            Value::Object(members) => {
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                for name in required.filter_map(Value::as_str) {
                    if !members.contains_key(name) {
                        return self.refuse(&format!("has no `{name}`"));
                    }
                }
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, member) in members {
                    let own = known.and_then(|known| known.get(name));
                    let Some(own) = own.or_else(|| schema.get("additionalProperties")) else { continue };
                    self.below(format!(".{name}"), |check| check.compare(own, member, inside))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn compare_elsewhere(&mut self, schema: &'a Map<String, Value>, value: &Value, depth: u32) -> Fits {
        let root = self.root;
        let inside = depth + 1;
        if let Some(place) =
            schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'))
            && let Some(target) = root.pointer(place)
        {
            self.compare(target, value, inside)?;
        }
        for all in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.compare(all, value, inside)?;
        }
        for word in ["anyOf", "oneOf"] {
            let Some(any) = schema.get(word).and_then(Value::as_array) else { continue };
            if !any.iter().any(|one| self.compare(one, value, inside).is_ok()) {
                return self.refuse("is of none of the shapes that are allowed");
            }
        }
        Ok(())
    }

    fn below(&mut self, step: String, check: impl FnOnce(&mut Self) -> Fits) -> Fits {
        self.at.push(step);
        let fits = check(self);
        self.at.pop();
        fits
    }

    fn refuse(&self, why: &str) -> Fits {
        Err(format!("`{}` {why}", self.at.concat()))
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        _ => kind(value) == name,
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(schema: &Value, value: &Value) -> String {
        misfit(schema, value).unwrap_or_else(|| "fits".into())
    }

    #[test]
    fn the_place_that_differs_is_told() {
        let point = json!({"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]});
        let schema = json!({"type": "object", "properties": {"all": {"items": {"$ref": "#/$defs/point"}}},
            "additionalProperties": false, "$defs": {"point": point}});
        assert_eq!(found(&schema, &json!({"all": [{"x": 1}, {"x": 2.0}]})), "fits");
        assert_eq!(found(&schema, &json!({"all": [{"x": 1}, {}]})), "`$.all[1]` has no `x`");
        assert_eq!(found(&schema, &json!({"all": [{"x": "1"}]})), "`$.all[0].x` is string, not integer");
        assert_eq!(found(&schema, &json!({"some": 1})), "`$.some` must not be there");
        assert_eq!(found(&schema, &json!(null)), "`$` is null, not object");
    }

    #[test]
    fn one_of_many_shapes_is_enough() {
        let schema = json!({"anyOf": [{"type": "null"}, {"enum": ["a", "b"]}, {"const": 3}]});
        for value in [json!(null), json!("b"), json!(3)] {
            assert_eq!(found(&schema, &value), "fits");
        }
        assert_eq!(found(&schema, &json!("c")), "`$` is of none of the shapes that are allowed");
    }

    #[test]
    fn a_schema_that_doubles_itself_ends() {
        let twice = json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]});
        assert_eq!(found(&twice, &json!({})), "fits");
    }

    #[test]
    fn schemas_of_arguments_are_of_objects() {
        assert_eq!(unusable(&json!({"type": "object", "properties": {"a": true}, "required": ["a"]})), None);
        assert_eq!(unusable(&json!([])), Some("its schema is no object"));
        assert_eq!(unusable(&json!({"type": "string"})), Some("its schema is not of type `object`"));
        assert_eq!(
            unusable(&json!({"type": "object", "required": [1]})),
            Some("`required` of its schema is no list of names")
        );
        assert_eq!(
            unusable(&json!({"type": "object", "properties": {"a": 1}})),
            Some("a property of its schema is no schema")
        );
    }
}
