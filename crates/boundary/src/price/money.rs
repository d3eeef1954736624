//! Amounts of money, exact to the billionth of a dollar.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

const DOLLAR: u64 = 1_000_000_000;

/// An amount in billionths of a dollar. Sums stay at the greatest amount instead of wrapping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub u64);

impl Add for NanoUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for NanoUsd {
    /// Four decimals, rounded up; an amount too small for them is shown whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if (1..100_000).contains(&self.0) {
            let digits = format!("{:09}", self.0);
            return write!(f, "$0.{}", digits.trim_end_matches('0'));
        }
        let parts = self.0.div_ceil(DOLLAR / 10_000);
        write!(f, "${}.{:04}", parts / 10_000, parts % 10_000)
    }
}

/// The text is not an amount of money.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is not an amount of money; write it like $1.50")]
pub struct ParseMoneyError {
    text: String,
}

impl FromStr for NanoUsd {
    type Err = ParseMoneyError;

    /// Dollars with up to nine decimals; the `$` may be left out.
    fn from_str(text: &str) -> Result<Self, ParseMoneyError> {
        let refused = || ParseMoneyError { text: text.chars().take(40).collect() };
        let bare = text.trim();
        let bare = bare.strip_prefix('$').unwrap_or(bare);
        let (whole, part) = bare.split_once('.').unwrap_or((bare, "0"));
        let nanos = digits(part).filter(|_| part.len() <= 9).map(|_| format!("{part:0<9}"));
        let nanos = nanos.and_then(|nanos| digits(&nanos)).ok_or_else(refused)?;
        let dollars = digits(whole).and_then(|whole| whole.checked_mul(DOLLAR)).ok_or_else(refused)?;
        dollars.checked_add(nanos).map(Self).ok_or_else(refused)
    }
}

/// A number of digits alone: `parse` would take a sign too.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_as_people_read_them() {
        let table = [
            (0, "$0.0000"),
            (42, "$0.000000042"),
            (50_000, "$0.00005"),
            (12_300_000, "$0.0123"),
            (12_300_001, "$0.0124"),
            (1_500_000_000, "$1.5000"),
            (999_999_999_999, "$1000.0000"),
        ];
        for (nanos, text) in table {
            assert_eq!(NanoUsd(nanos).to_string(), text);
        }
    }

    #[test]
    fn amounts_read_with_and_without_the_sign() {
        for (text, nanos) in [("$1.50", 1_500_000_000), ("2", 2_000_000_000), (" $0.000000042 ", 42)] {
            assert_eq!(text.parse(), Ok(NanoUsd(nanos)), "{text}");
        }
        for text in ["", "$", ".5", "1.", "-1", "+1", "$1.0000000001", "1,50", "99999999999"] {
            assert!(text.parse::<NanoUsd>().is_err(), "{text}");
        }
    }
}
