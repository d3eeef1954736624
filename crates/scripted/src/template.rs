//! Fills `${name}` in the texts of a reply from the request.
//!
//! A name that is not known stays as it is written: `${HOME}` in a command that a model calls belongs to the shell.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::{Captures, Regex};
use serde_json::Value;

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\$\{(?P<name>[A-Za-z0-9_]+)(?::(?P<kind>int|float|json))?\}").expect("a pattern of ours")
});

/// Values by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Takes over what a pattern found: groups by name, and by number where no earlier pattern had that number.
    pub(crate) fn capture(&mut self, pattern: &Regex, found: &Captures<'_>) {
        let text = |group: usize| found.get(group).map_or("", |group| group.as_str()).to_owned();
        for (group, name) in pattern.capture_names().enumerate().skip(1) {
            self.0.entry(group.to_string()).or_insert_with(|| text(group));
            if let Some(name) = name {
                self.set(name, text(group));
            }
        }
    }

    /// The text with every known name replaced by its value.
    pub(crate) fn fill(&self, text: &str) -> String {
        let value = |place: &Captures<'_>| {
            self.0.get(&place["name"]).map_or_else(|| place[0].to_owned(), Clone::clone)
        };
        PLACE.replace_all(text, value).into_owned()
    }

    /// The value with every text in it filled. A text that is nothing but `${name:int}` becomes a number, and
    /// `:float` and `:json` likewise, if the value can be read as one.
    pub(crate) fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.typed(text).unwrap_or_else(|| self.fill(text).into()),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), self.fill_value(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn typed(&self, text: &str) -> Option<Value> {
        let place = PLACE.captures(text).filter(|place| place[0].len() == text.len())?;
        let value = self.0.get(&place["name"])?.trim();
        match place.name("kind")?.as_str() {
            "int" => value.parse::<i64>().ok().map(Value::from),
            "float" => value.parse::<f64>().ok().map(Value::from),
            _ => serde_json::from_str(value).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        let pattern = Regex::new(r"(?P<a>\d+) \+ (\d+)").expect("a pattern");
        variables.capture(&pattern, &pattern.captures("2 + 3").expect("it matches"));
        variables
    }

    #[test]
    fn known_names_are_filled_and_others_stay() {
        assert_eq!(variables().fill("${a} and ${2} in ${HOME}"), "2 and 3 in ${HOME}");
    }

    #[test]
    fn a_text_that_is_one_typed_name_becomes_that_value() {
        let filled = variables().fill_value(&json!({"a": "${a:int}", "b": ["${2:float}"], "c": "${a:int}!"}));
        assert_eq!(filled, json!({"a": 2, "b": [3.0], "c": "2!"}));
    }
}
