//! Sizes and durations as people write them.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// The text is not a quantity of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}; write it like {examples}")]
pub struct ParseQuantityError {
    text: String,
    kind: &'static str,
    examples: &'static str,
}

/// Splits `90s` into 90 and `s`; whole numbers and decimals, no sign.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    number.is_finite().then_some((number, text[end..].trim()))
}

/// Reads a duration: `250ms`, `30s`, `5m`, `2h`, `1d`, or bare seconds such as `1800`.
pub fn parse_duration(text: &str) -> Result<Duration, ParseQuantityError> {
    let refused = || ParseQuantityError {
        text: text.into(),
        kind: "duration",
        examples: "250ms, 30s, 5m, 2h, 1d or 1800",
    };
    let (number, unit) = split(text).ok_or_else(refused)?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86400.0,
        _ => return Err(refused()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| refused())
}

/// A number of bytes, written `512MB`, `2Gi` or as a bare number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(pub u64);

/// 2^53: beyond it a float no longer counts single bytes.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl FromStr for ByteSize {
    type Err = ParseQuantityError;

    /// Decimal units (`kB MB GB TB`) count by 1000, binary ones (`Ki Mi Gi Ti`, with or without `B`) by 1024.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let refused =
            || ParseQuantityError { text: text.into(), kind: "size", examples: "512MB, 2Gi or 1073741824" };
        let (number, unit) = split(text).ok_or_else(refused)?;
        let scale: u64 = match unit {
            "" | "B" => 1,
            "k" | "kB" | "KB" => 1000,
            "M" | "MB" => 1_000_000,
            "G" | "GB" => 1_000_000_000,
            "T" | "TB" => 1_000_000_000_000,
            "Ki" | "KiB" => 1 << 10,
            "Mi" | "MiB" => 1 << 20,
            "Gi" | "GiB" => 1 << 30,
            "Ti" | "TiB" => 1 << 40,
            _ => return Err(refused()),
        };
        #[expect(clippy::cast_precision_loss, reason = "every scale is below 2^53")]
        let bytes = number * scale as f64;
        if bytes > EXACT_MAX {
            return Err(refused());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^53")]
        Ok(Self(bytes as u64))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let bytes = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", bytes / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.1} GB", bytes / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let table = [
            ("30s", 30_000),
            ("250ms", 250),
            ("5m", 300_000),
            ("1.5h", 5_400_000),
            ("1d", 86_400_000),
            ("1800", 1_800_000),
        ];
        for (text, millis) in table {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "5 weeks", "1e400"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_read_in_both_scales() {
        let table = [("512MB", 512_000_000), ("2Gi", 2 << 30), ("1024", 1024), ("0.5GiB", 1 << 29)];
        for (text, bytes) in table {
            assert_eq!(text.parse::<ByteSize>(), Ok(ByteSize(bytes)), "{text}");
        }
        assert_eq!(
            "12XB".parse::<ByteSize>().expect_err("no such unit").to_string(),
            "`12XB` is not a size; write it like 512MB, 2Gi or 1073741824"
        );
    }
}
