//! Values that move between agents and the record: small ones inline, large ones by reference.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Hash;

/// The largest body, in bytes, that travels and is stored inline; a larger one becomes a blob.
pub const INLINE_MAX: usize = 8 * 1024;

/// What the bytes of a value are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// One JSON document.
    Json,
    /// UTF-8 text.
    Text,
}

/// The description of a value: enough to find it, to check it and to know whether it was erased.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The address of the bytes.
    pub hash: Hash,
    /// Length in bytes.
    pub size: u64,
    /// What the bytes are.
    pub media: Media,
}

/// A value: the bytes themselves, or where they are.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// One JSON document of at most [`INLINE_MAX`] bytes, kept as written. Shared, since it is handed on a lot.
    Json(Arc<RawValue>),
    /// Text of at most [`INLINE_MAX`] bytes.
    Text(String),
    /// A body in the blob store.
    Blob(Digest),
}

impl Value {
    /// JSON `null`.
    pub fn null() -> Self {
        Self::Json(RawValue::NULL.to_owned().into())
    }

    /// The value of `document`, inline whatever its size: what is too large is stored as a blob by whoever may.
    pub fn json<T: Serialize + ?Sized>(document: &T) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(document).map(|document| Self::Json(document.into()))
    }

    /// The bytes, when they are here.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Json(document) => Some(document.get().as_bytes()),
            Self::Text(text) => Some(text.as_bytes()),
            Self::Blob(_) => None,
        }
    }

    /// What the value is and where it is found.
    pub fn digest(&self) -> Digest {
        let of = |bytes: &[u8], media| Digest { hash: Hash::of(bytes), size: bytes.len() as u64, media };
        match self {
            Self::Json(document) => of(document.get().as_bytes(), Media::Json),
            Self::Text(text) => of(text.as_bytes(), Media::Text),
            Self::Blob(digest) => *digest,
        }
    }

    /// The value whose body was stored under `media`; `None` when the bytes are not of that kind.
    pub fn from_stored(media: Media, bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        match media {
            Media::Json => RawValue::from_string(text).ok().map(|document| Self::Json(document.into())),
            Media::Text => Some(Self::Text(text)),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(document) => write!(f, "Json({})", document.get()),
            Self::Text(text) => write!(f, "Text({text:?})"),
            Self::Blob(digest) => write!(f, "Blob({}, {} bytes)", digest.hash, digest.size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_bytes_over_the_wire() {
        let value =
            Value::Json(RawValue::from_string(r#"{"b": 1,  "a": 1e2}"#.to_owned()).expect("JSON").into());
        let wire = serde_json::to_string(&value).expect("serialises");
        let back: Value = serde_json::from_str(&wire).expect("reads");
        assert_eq!(back.bytes(), value.bytes());
        assert_eq!(Value::from_stored(Media::Json, value.bytes().expect("inline").to_vec()), Some(value));
    }
}
