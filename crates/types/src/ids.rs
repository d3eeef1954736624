//! Identifiers made by us: runs and requests. Names chosen by people are in [`crate::name`].

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One execution of one agent version: `run_` and 26 characters that sort by creation time.
///
/// The time order is a convenience for listings, never a guarantee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(u128);

/// Crockford's base 32 in lower case: no `i`, `l`, `o` or `u`, so an id survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PREFIX: &str = "run_";
const DIGITS: usize = 26;

impl RunId {
    /// A new id from the clock and random bits (UUID version 7).
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().as_u128())
    }

    /// The id of the run that an idempotent cause names; the same number gives the same id.
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// The number behind the id.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; PREFIX.len() + DIGITS];
        text[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
        for (place, digit) in text[PREFIX.len()..].iter_mut().rev().enumerate() {
            *digit = ALPHABET[(self.0 >> (5 * place) & 31) as usize];
        }
        f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id of ours.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a run id; one looks like run_01k9zq3v8e6m2x4t5w7y9abcde")]
pub struct ParseIdError {
    text: String,
}

impl FromStr for RunId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let refused = || ParseIdError { text: text.chars().take(64).collect() };
        let digits = text.strip_prefix(PREFIX).filter(|rest| rest.len() == DIGITS).ok_or_else(refused)?;
        let mut number: u128 = 0;
        for digit in digits.bytes() {
            let value = ALPHABET.iter().position(|&known| known == digit).ok_or_else(refused)?;
            number = number.checked_mul(32).ok_or_else(refused)? | value as u128;
        }
        Ok(Self(number))
    }
}

impl TryFrom<String> for RunId {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

/// Deduplicates one request to a run: the same id is applied once, however often it is delivered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// A new random id.
    pub fn generate() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// An id that follows from its cause, such as `lost/build/3`.
    pub fn from_cause(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which try of a step: the fencing number, counted from 1 and never used again within a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptNo(pub u32);

impl AttemptNo {
    /// The number of the attempt after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_reads_back_as_written() {
        for number in [0, 1, 31, 32, u128::MAX, RunId::generate().0] {
            let id = RunId(number);
            assert_eq!(id.to_string().parse::<RunId>().ok(), Some(id));
        }
    }

    #[test]
    fn what_is_not_a_run_id_is_refused() {
        let too_big = format!("run_{}", "z".repeat(26));
        for text in [
            "",
            "run_",
            "run_1",
            "job_01k9zq3v8e6m2x4t5w7y9abcde",
            "run_01k9zq3v8e6m2x4t5w7y9abcdu",
            &too_big,
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
