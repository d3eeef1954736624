//! Identifiers made by us: runs, effects and requests. Names chosen by people are in [`crate::name`].

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Hash;

/// Crockford's base 32 in lower case: no `i`, `l`, `o` or `u`, so an id survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;

/// The text is not an id of ours.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not {what} id; one looks like {prefix}01k9zq3v8e6m2x4t5w7y9abcde")]
pub struct ParseIdError {
    text: String,
    what: &'static str,
    prefix: &'static str,
}

fn write(number: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0_u8; DIGITS];
    for (place, digit) in text.iter_mut().rev().enumerate() {
        *digit = ALPHABET[(number >> (5 * place) & 31) as usize];
    }
    f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
}

fn read(digits: &str) -> Option<u128> {
    if digits.len() != DIGITS {
        return None;
    }
    digits.bytes().try_fold(0_u128, |number, digit| {
        let value = ALPHABET.iter().position(|&known| known == digit)?;
        Some(number.checked_mul(32)? | value as u128)
    })
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident = $prefix:literal, $what:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u128);

        impl $name {
            /// A new id from the clock and random bits (UUID version 7).
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7().as_u128())
            }

            /// The id of that number.
            pub const fn from_u128(number: u128) -> Self {
                Self(number)
            }

            /// The number behind the id.
            pub const fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                write(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix($prefix).and_then(read).map(Self).ok_or_else(|| ParseIdError {
                    text: text.chars().take(64).collect(),
                    what: $what,
                    prefix: $prefix,
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;
            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )+};
}

ids! {
    /// One execution of one agent version: `run_` and 26 characters that sort by creation time.
    ///
    /// The time order is a convenience for listings, never a guarantee.
    RunId = "run_", "a run";
    /// One call that leaves an agent: `eff_` and 26 characters. Those that one process made sort by creation.
    EffectId = "eff_", "an effect";
    /// One question to a person: `gate_` and 26 characters, which follow from what is asked.
    GateId = "gate_", "a gate";
    /// One conversation: `ses_` and 26 characters that sort by creation time.
    SessionId = "ses_", "a session";
}

impl GateId {
    /// The id of the gate that the engine knows by this hash.
    pub fn of(gate: &Hash) -> Self {
        Self(gate.head())
    }
}

/// A number that nobody can guess, and never 0: 62 random bits of the system.
pub fn nonce() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
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
