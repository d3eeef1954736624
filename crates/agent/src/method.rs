//! The methods a package offers, and what each takes.
//!
//! Stored with a version and read again for ever: fields are only added.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// A method of a package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Method {
    /// The name it is called by.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What it takes, in the order of the manifest.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// What it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<Returns>,
}

/// What a method answers. Told to people; answers are not checked against it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Returns {
    /// The type in the manifest's words.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What the answer means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One parameter of a method.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a call without it is refused. A default makes that moot.
    #[serde(default)]
    pub required: bool,
    /// The value it takes when a call does not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The only values it may have; any when empty.
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Value>,
    /// The least number it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// The largest number it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
}

/// The type of a parameter's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// A map.
    Object,
    /// Any JSON value.
    Any,
}

impl ParameterType {
    /// Every type and the words a manifest may use for it, the one we print first.
    const WORDS: [(Self, &'static [&'static str]); 7] = [
        (Self::String, &["string", "str", "text"]),
        (Self::Integer, &["integer", "int"]),
        (Self::Number, &["number", "float", "double"]),
        (Self::Boolean, &["boolean", "bool"]),
        (Self::Array, &["array", "list"]),
        (Self::Object, &["object", "dict", "map"]),
        (Self::Any, &["any"]),
    ];

    /// The words we print, one for each type.
    pub(crate) fn words() -> [&'static str; 7] {
        Self::WORDS.map(|(_, words)| words[0])
    }

    /// The type that a manifest's word stands for; `List[str]` is a list.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        let base = word.split_once('[').map_or(word.as_str(), |(base, _)| base);
        Self::WORDS.into_iter().find(|(_, words)| words.contains(&base)).map(|(kind, _)| kind)
    }

    /// The word for the type, such as `integer`.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1[0]
    }

    /// Whether `value` is of this type.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Any => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_prints_the_word_it_reads() {
        for (kind, words) in ParameterType::WORDS {
            assert_eq!(kind.as_str(), words[0]);
            assert!(words.iter().all(|word| ParameterType::from_word(word) == Some(kind)));
        }
        assert_eq!(ParameterType::from_word("List[str]"), Some(ParameterType::Array));
        assert_eq!(ParameterType::from_word("strng"), None);
    }
}
