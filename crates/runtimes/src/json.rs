//! JSON as programs print it: checked the way every later reader will read it, and kept as written.
//!
//! A document that passes can be parsed by anyone: its text is UTF-8, its nesting is shallow enough, its numbers fit a
//! double and its escapes name characters. Nothing is built while checking, so a large document costs no memory.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, each as written; of two with one name the last counts.
pub(crate) type Object<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The document that makes up all of `bytes` but the white space around it.
pub(crate) fn read(bytes: &[u8]) -> Result<&RawValue, serde_json::Error> {
    serde_json::from_slice::<Readable>(bytes)?;
    serde_json::from_slice(bytes)
}

/// The members of the object that makes up all of `bytes`; `None` when that is anything else.
pub(crate) fn read_object(bytes: &[u8]) -> Option<(&RawValue, Object<'_>)> {
    // Looked at before parsing: most lines of a log are no object, and say so with their first byte.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let document = read(bytes).ok()?;
    Some((document, serde_json::from_str(document.get()).ok()?))
}

/// The last line that begins with `{`, the first line left out, and all after it.
pub(crate) fn last_block(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.windows(2).rposition(|pair| pair == b"\n{")?;
    Some(&bytes[start + 1..])
}

/// What kind of JSON a document is, with its article.
pub(crate) fn kind(document: &RawValue) -> &'static str {
    match document.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A document that was walked from end to end.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Readable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_str<E>(self, _: &str) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Readable, A::Error> {
        while items.next_element::<Readable>()?.is_some() {}
        Ok(Readable)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Readable, A::Error> {
        while members.next_entry::<Readable, Readable>()?.is_some() {}
        Ok(Readable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_reader_could_not_read_is_no_json() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for text in [r#""\ud800""#, "1e400", "NaN", "{} {}", "", &deep] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"\"\xff\"").is_err());
        assert_eq!(read(b" [1, 2.50]\n").map(RawValue::get).ok(), Some("[1, 2.50]"));
    }
}
