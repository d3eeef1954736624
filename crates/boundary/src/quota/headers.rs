//! What an answer's headers say about what is left.

use std::time::Duration;

use mainspring_types::Timestamp;

/// Quotas as providers name them in headers, with what they count.
const QUOTAS: [(&str, Counts); 6] = [
    ("requests", Counts::Calls),
    ("tokens", Counts::Tokens),
    ("input-tokens", Counts::Tokens),
    ("output-tokens", Counts::Tokens),
    ("project-tokens", Counts::Tokens),
    ("project-requests", Counts::Calls),
];

/// Quotas fill up steadily and headers name the moment at which they are full. For a quota of tokens we wait until a
/// tenth is back: waiting for less would let one call go and refuse the next.
const TOKENS_SHARE: u32 = 10;

#[derive(Clone, Copy)]
enum Counts {
    Calls,
    Tokens,
}

/// How long a call would be refused, by the headers of an answer; `None` when something is left of every quota.
///
/// Reads `anthropic-ratelimit-*-remaining` with `-limit` and `-reset`, a moment, and `x-ratelimit-remaining-*` with
/// `-limit-` and `-reset-`, a length of time.
pub fn exhausted<'h>(header: impl Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    let anthropic = QUOTAS.iter().filter_map(|(quota, counts)| {
        let named = |what: &str| header(&format!("anthropic-ratelimit-{quota}-{what}"));
        let full = || Some(moment(named("reset")?)?.since(now));
        refill(named("remaining"), named("limit"), full, *counts)
    });
    let openai = QUOTAS.iter().filter_map(|(quota, counts)| {
        let named = |what: &str| header(&format!("x-ratelimit-{what}-{quota}"));
        refill(named("remaining"), named("limit"), || length(named("reset")?), *counts)
    });
    anthropic.chain(openai).max()
}

/// How long until a quota of which nothing remains has something again.
fn refill(
    remaining: Option<&str>,
    limit: Option<&str>,
    full: impl FnOnce() -> Option<Duration>,
    counts: Counts,
) -> Option<Duration> {
    if remaining?.trim() != "0" {
        return None;
    }
    let full = full()?;
    let share = match counts {
        Counts::Calls => limit.and_then(|limit| limit.trim().parse().ok()).unwrap_or(1),
        Counts::Tokens => TOKENS_SHARE,
    };
    Some(full / share.max(1))
}

fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

/// Reads `6m0s`, `1.5s`, `20ms`, `1h2m3s` and bare seconds.
fn length(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_ends = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_ends);
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * scale).ok()?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &'static str)]) -> Option<Duration> {
        let now = moment("2026-03-01T12:00:00Z").expect("a moment");
        exhausted(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value), now)
    }

    #[test]
    fn what_is_left_says_nothing_and_what_is_not_says_how_long() {
        assert_eq!(
            read(&[("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "60s")]),
            None
        );
        assert_eq!(read(&[("x-ratelimit-remaining-requests", "0")]), None, "nobody says until when");
        let openai = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-reset-requests", "1m0s"),
        ];
        assert_eq!(read(&openai), Some(Duration::from_secs(1)), "one of sixty is back after a sixtieth");
        let anthropic = [
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-03-01T12:00:30Z"),
        ];
        assert_eq!(read(&anthropic), Some(Duration::from_secs(3)), "a tenth is back");
    }

    #[test]
    fn lengths_of_time_read_in_every_form_seen() {
        let table =
            [("1s", 1_000), ("6m0s", 360_000), ("20ms", 20), ("1m30.5s", 90_500), ("7", 7_000), ("", 0)];
        for (text, millis) in table {
            assert_eq!(length(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["soon", "5 parsecs", "1e400", "-1", "9999999999999999999999d"] {
            assert_eq!(length(text), None, "{text}");
        }
    }
}
