//! What tokens cost: a dated table of list prices that users extend and override.
//!
//! The rules: the longest pattern that fits a model wins; a model that no pattern fits is priced like the dearest of its
//! family, kind of token by kind of token, so that an estimate is never too low for a listed model; a provider that is
//! local (a script, or a server that asks for no key) costs nothing unless it is listed by its own name. Left to
//! others: counting tokens.

mod money;

pub use money::{NanoUsd, ParseMoneyError};

use crate::Usage;

/// Billionths of a dollar for one token of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Price {
    /// Sent, neither read from a cache nor written to one.
    pub input: u64,
    /// Received.
    pub output: u64,
    /// Sent and read from the provider's cache.
    pub cache_read: u64,
    /// Sent and written to the provider's cache.
    pub cache_write: u64,
}

impl Price {
    /// The most that a token sent can cost.
    pub const fn dearest_input(&self) -> u64 {
        let mut dearest = self.input;
        if self.cache_read > dearest {
            dearest = self.cache_read;
        }
        if self.cache_write > dearest {
            dearest = self.cache_write;
        }
        dearest
    }
}

/// What a call with this usage costs.
pub fn cost(price: &Price, usage: &Usage) -> NanoUsd {
    let kinds = [
        (price.input, usage.input_tokens),
        (price.output, usage.output_tokens),
        (price.cache_read, usage.cache_read_tokens),
        (price.cache_write, usage.cache_creation_tokens),
    ];
    kinds.into_iter().map(|(each, tokens)| NanoUsd(each.saturating_mul(tokens))).sum()
}
