//! What tokens cost: a dated table of list prices that users extend and override.
//!
//! The rules: the longest pattern that fits a model wins; a model that no pattern fits is priced like the dearest of its
//! family, kind of token by kind of token, so that an estimate is never too low for a listed model; a provider that is
//! local (a script, or a server that asks for no key) costs nothing unless it is listed by its own name. Left to
//! others: counting tokens.

mod money;
mod table;

#[cfg(test)]
mod tests;

use std::{fs, io, path::Path};

use mainspring_types::{Code, Location, Problem};

pub use money::{NanoUsd, ParseMoneyError};
use table::{Lines, Table};

use crate::{
    Usage,
    provider::{Place, Provider, matches},
    route::Family,
};

const BUILTIN: &str = include_str!("../prices.toml");

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
    pub fn dearest_input(&self) -> u64 {
        self.input.max(self.cache_read).max(self.cache_write)
    }

    /// The higher price for each kind of token.
    #[must_use]
    pub(crate) fn dearer(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write: self.cache_write.max(other.cache_write),
        }
    }
}

/// A price and how it was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Priced {
    /// What to reckon with.
    pub price: Price,
    /// How sure it is.
    pub rule: PriceRule,
}

/// How a price was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PriceRule {
    /// The table lists the model.
    Known,
    /// It does not: the price is that of the dearest of its family.
    Estimated,
    /// The provider is local.
    Free,
}

/// The table of prices.
#[derive(Clone, Debug)]
pub struct Prices(Table);

impl Prices {
    /// The list prices that come with this version.
    pub fn builtin() -> Self {
        Self(Table::parse(BUILTIN, "prices.toml").expect("a test reads it"))
    }

    /// The same, with what the file adds and overrides; without a file, as they are.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let mut prices = Self::builtin();
        let file = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => prices.0.merge(Table::parse(&text, &file)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let problem = Problem::new(Code::InvalidConfiguration, "read the prices").because(&error);
                return Err(problem.at(Location { file, line: None, column: None }));
            }
        }
        Ok(prices)
    }

    /// The date of the prices, as the latest file that has one says it.
    pub fn dated(&self) -> &str {
        self.0.dated.as_deref().unwrap_or_default()
    }

    /// The price of a model at a provider: its own, nothing where it is local, or that of the family.
    pub fn price_at(&self, provider: &Provider, family: Family, model: &str) -> Priced {
        if let Some(price) = self.0.providers.get(&provider.name).and_then(|lines| listed(lines, model)) {
            return Priced { price, rule: PriceRule::Known };
        }
        // What asks for no key sends no bill.
        if matches!(provider.place, Place::Scripted { .. }) || provider.key.is_none() {
            return Priced { price: Price::default(), rule: PriceRule::Free };
        }
        self.price(family, model)
    }

    /// The price of a model of the family, wherever it is served.
    pub fn price(&self, family: Family, model: &str) -> Priced {
        let lines = self.0.families.get(&family);
        if let Some(price) = lines.and_then(|lines| listed(lines, model)) {
            return Priced { price, rule: PriceRule::Known };
        }
        let dearest = lines.into_iter().flat_map(Lines::values).copied().reduce(Price::dearer);
        Priced { price: dearest.unwrap_or_default(), rule: PriceRule::Estimated }
    }
}

/// The price of the longest pattern that fits the name, or else the name after its last `/`.
fn listed(lines: &Lines, model: &str) -> Option<Price> {
    let find = |name: &str| {
        let fitting = lines.iter().filter(|(pattern, _)| matches(pattern, name));
        // Letters count, stars do not: `gpt-4o` is closer to a model of that name than `gpt-4o*`.
        fitting.max_by_key(|(pattern, _)| (pattern.replace('*', "").len(), !pattern.contains('*')))
    };
    let bare = model.rsplit_once('/').map(|(_, bare)| bare);
    find(model).or_else(|| find(bare?)).map(|(_, price)| *price)
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
