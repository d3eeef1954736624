//! JSON documents as trees that borrow from the text they were read from.
//!
//! The members of an object are in the order of their names, so that two documents that differ only in the order of
//! members are the same tree. Of numbers only the value counts: `1` and `1.0` are the same.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// One JSON value.
#[derive(Debug)]
pub(super) enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number that is not negative.
    Whole(u64),
    /// A negative whole number.
    Negative(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// The members of an object, in the order of their names.
#[derive(Default, Debug)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// A string that borrows where it can.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Word<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> Object<'a> {
    /// The value of a member; `null` counts as absent, as it does to providers.
    pub(super) fn get(&self, name: &str) -> Option<&Json<'a>> {
        let at = self.0.binary_search_by(|(key, _)| key.as_ref().cmp(name)).ok()?;
        Some(&self.0[at].1).filter(|value| !matches!(value, Json::Null))
    }

    /// The text of a member.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Every member.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Json<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Json<'a>)>>(members: I) -> Self {
        let mut members: Vec<_> = members.into_iter().collect();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(members)
    }
}

impl<'a> Json<'a> {
    /// The text, when it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, when it is an array; none otherwise.
    pub(super) fn list(&self) -> &[Json<'a>] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }

    /// The members, when it is an object.
    pub(super) fn object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// What stands at the end of a path of member names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Json<'a>> {
        path.iter().try_fold(self, |value, name| value.object()?.get(name))
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

// Doubles hold every whole number up to this one.
const DOUBLE_WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Json::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(value).map_or(Json::Negative(value), Json::Whole))
    }

    #[allow(clippy::cast_possible_truncation)] // whole and within what both types hold
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        if value.fract() == 0.0 && value.abs() <= DOUBLE_WHOLE_MAX {
            return self.visit_i64(value as i64);
        }
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some((Word(name), value)) = members.next_entry()? {
            list.push((name, value));
        }
        Ok(Json::Object(list.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> String {
        format!("{:?}", serde_json::from_str::<Json<'_>>(text).expect("JSON"))
    }

    #[test]
    fn the_order_of_members_and_the_writing_of_numbers_do_not_count() {
        assert_eq!(tree(r#"{"b":1,"a":[-2.0,0.5]}"#), tree(r#" {"a" : [-2,5e-1], "b":1.0} "#));
        assert_eq!(tree(r#""\u0041""#), tree(r#""A""#).replace("Owned", "Borrowed"));
        assert_ne!(tree("18446744073709551615"), tree("18446744073709551614"));
    }

    #[test]
    fn text_is_borrowed_unless_it_has_escapes() {
        let Json::Text(text) = serde_json::from_str(r#""plain""#).expect("JSON") else { panic!("no text") };
        assert!(matches!(text, Cow::Borrowed("plain")));
    }

    #[test]
    fn null_counts_as_absent() {
        let tree: Json<'_> = serde_json::from_str(r#"{"a":null,"b":{"c":"x"}}"#).expect("JSON");
        assert!(tree.at(&["a"]).is_none());
        assert_eq!(tree.at(&["b", "c"]).and_then(Json::text), Some("x"));
    }
}
