//! What a model call used, in the terms of every provider.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// Tokens of one call or of many. The four kinds do not overlap, so the total is their sum.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens sent that were neither read from a cache nor written to one.
    pub input_tokens: u64,
    /// Tokens received, thinking included.
    pub output_tokens: u64,
    /// Tokens sent that the provider had cached.
    #[serde(default)]
    pub cache_read_tokens: u64,
    /// Tokens sent that the provider put into its cache.
    #[serde(default)]
    pub cache_creation_tokens: u64,
}

impl Usage {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.output_tokens)
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_creation_tokens)
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cache_read_tokens: self.cache_read_tokens.saturating_add(other.cache_read_tokens),
            cache_creation_tokens: self.cache_creation_tokens.saturating_add(other.cache_creation_tokens),
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_the_sum_of_all_kinds_and_never_wraps() {
        let one =
            Usage { input_tokens: 1, output_tokens: 2, cache_read_tokens: 30, cache_creation_tokens: 400 };
        assert_eq!(one.total(), 433);
        assert_eq!((one + one).total(), 866);
        let endless = Usage { output_tokens: u64::MAX, ..one };
        assert_eq!((endless + one).output_tokens, u64::MAX);
        assert_eq!(endless.total(), u64::MAX);
    }

    #[test]
    fn caches_may_be_left_out_when_it_is_read() {
        let usage: Usage = serde_json::from_str(r#"{"input_tokens":3,"output_tokens":4}"#).expect("reads");
        assert_eq!(usage, Usage { input_tokens: 3, output_tokens: 4, ..Usage::default() });
        assert!(serde_json::from_str::<Usage>(r#"{"input_tokens":3,"output_tokens":4,"x":1}"#).is_err());
    }
}
