//! The outermost object of a body: its fields as raw text, each where it stands.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Malformed, json::Word};

/// The fields of an object, in the order of the text.
pub(super) struct Body<'a> {
    text: &'a str,
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Body<'a> {
    /// Reads an object in which every name stands once.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let text = str::from_utf8(bytes).map_err(|error| not_json(&error))?;
        let Fields(fields) = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Malformed::Twice { field: pair[0].to_owned() }),
            None => Ok(Self { text, fields }),
        }
    }

    /// Every field.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&Cow<'a, str>, &'a RawValue)> {
        self.fields.iter().map(|(name, value)| (name, *value))
    }

    /// The raw text of a field; `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.fields.iter().find(|(key, _)| key == name)?;
        Some(value.get()).filter(|text| *text != "null")
    }

    /// The same object with a field set: its value replaced where it stands, or put first where there was none.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let (place, new) = match self.fields.iter().find(|(key, _)| key == name) {
            Some((_, old)) => (self.span(old.get()), Cow::Borrowed(value)),
            None => (self.start(), Cow::Owned(self.member(name, value))),
        };
        let mut text = String::with_capacity(self.text.len() + new.len());
        text.push_str(&self.text[..place.start]);
        text.push_str(&new);
        text.push_str(&self.text[place.end..]);
        text
    }

    /// The same object without some fields, the others as they were written.
    pub(super) fn without(&self, left_out: &[&str]) -> String {
        let kept = self.fields.iter().filter(|(name, _)| !left_out.contains(&name.as_ref()));
        let members: Vec<String> =
            kept.map(|(name, value)| format!("{}:{}", quoted(name), value.get())).collect();
        format!("{{{}}}", members.join(","))
    }

    fn span(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr().addr() - self.text.as_ptr().addr();
        start..start + part.len()
    }

    /// Right behind the opening brace.
    fn start(&self) -> Range<usize> {
        let at = self.text.find('{').map_or(0, |brace| brace + 1);
        at..at
    }

    fn member(&self, name: &str, value: &str) -> String {
        let end = if self.fields.is_empty() { "" } else { "," };
        format!("{}:{value}{end}", quoted(name))
    }
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn not_json(error: &dyn fmt::Display) -> Malformed {
    Malformed::NotJson { detail: error.to_string() }
}

struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsReader)
    }
}

struct FieldsReader;

impl<'de> Visitor<'de> for FieldsReader {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((Word(name), value)) = members.next_entry()? {
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body<'_> {
        Body::read(text.as_bytes()).expect("an object")
    }

    #[test]
    fn a_field_is_set_where_it_stands_and_nothing_else_moves() {
        assert_eq!(body(r#" {"a" : 1 , "b":{"a":2}} "#).with("a", "7"), r#" {"a" : 7 , "b":{"a":2}} "#);
        assert_eq!(body(r#"{ "b":2}"#).with("a", "7"), r#"{"a":7, "b":2}"#);
        assert_eq!(body("{}").with("a", "7"), r#"{"a":7}"#);
    }

    #[test]
    fn what_is_left_is_as_it_was_written() {
        assert_eq!(
            body(r#"{"a":1.0, "list":[1], "b" : {"c": 2}}"#).without(&["list"]),
            r#"{"a":1.0,"b":{"c": 2}}"#
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let refused = Body::read(br#"{"max_tokens":5,"a":1,"max_tokens":99}"#).err();
        assert_eq!(refused, Some(Malformed::Twice { field: "max_tokens".to_owned() }));
    }

    #[test]
    fn what_is_no_object_is_told_with_its_place() {
        for (bytes, place) in [
            (&b"{\"a\":1"[..], "EOF while parsing an object at line 1 column 6"),
            (b"[1]", "invalid type: sequence, expected an object at line 1 column 0"),
            (b"{\"a\":\"\xff\"}", "invalid utf-8 sequence of 1 bytes from index 6"),
        ] {
            let told = Body::read(bytes).err().map(|error| error.to_string());
            assert_eq!(told, Some(format!("the request body is not a JSON object: {place}")));
        }
    }
}
