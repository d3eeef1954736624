//! What a provider's failure means.

use std::time::Duration;

use jiff::fmt::rfc2822;
use mainspring_types::Timestamp;

use super::Told;

/// A failure as the gateway acts on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What helps.
    pub cure: Cure,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// What it said.
    pub message: String,
}

/// What helps against a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cure {
    /// Fewer calls: the account is over its rate. Ask again after a wait.
    Patience,
    /// Asking again: the provider failed.
    Retry,
    /// Another request, key or account. The same one fails again.
    Nothing,
}

impl Failure {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.cure != Cure::Nothing
    }

    /// Whether the account is over its rate.
    pub fn is_rate_limited(&self) -> bool {
        self.cure == Cure::Patience
    }
}

/// What a status other than 200 means. `headers` looks one up by its lower-case name.
pub fn classify<'h>(
    status: u16,
    headers: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: Timestamp,
) -> Failure {
    let told = Told::read(body);
    let cure = match (headers("x-should-retry"), by_status(status, &told)) {
        (Some("false"), _) => Cure::Nothing,
        (Some("true"), Cure::Nothing) => Cure::Retry,
        (_, cure) => cure,
    };
    let retry_after = wait(&headers, now).or_else(|| seconds(told.delay.as_deref()?.strip_suffix('s')?));
    let message =
        if told.message.is_empty() { format!("status {status} without a word") } else { told.message };
    Failure { cure, retry_after, message }
}

/// What helps, going by the status.
fn by_status(status: u16, told: &Told) -> Cure {
    match status {
        // An empty purse, not a rate: waiting does not fill it.
        429 if told.says("insufficient_quota") => Cure::Nothing,
        429 => Cure::Patience,
        501 => Cure::Nothing,
        // 409: the provider lost a race for a lock of its own.
        408 | 409 | 500.. => Cure::Retry,
        _ => Cure::Nothing,
    }
}

/// How long the headers ask to wait: in milliseconds, in seconds, or until a date.
fn wait<'h>(headers: &impl Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    if let Some(millis) = headers("retry-after-ms").and_then(seconds) {
        return Some(millis / 1000);
    }
    let text = headers("retry-after")?.trim();
    seconds(text).or_else(|| {
        let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Timestamp::from_millis(date.as_millisecond()).since(now))
    })
}

/// A number of seconds, perhaps with a fraction.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, headers: &[(&str, &'static str)], body: &str) -> Failure {
        let look_up = |name: &str| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        classify(status, look_up, body.as_bytes(), Timestamp::from_millis(1_763_700_000_000))
    }

    #[test]
    fn the_status_says_what_helps() {
        for (status, cure) in [
            (429, Cure::Patience),
            (408, Cure::Retry),
            (409, Cure::Retry),
            (500, Cure::Retry),
            (501, Cure::Nothing),
            (503, Cure::Retry),
            (529, Cure::Retry),
            (400, Cure::Nothing),
            (401, Cure::Nothing),
            (404, Cure::Nothing),
            (302, Cure::Nothing),
        ] {
            assert_eq!(failure(status, &[], "{}").cure, cure, "{status}");
        }
    }

    #[test]
    fn an_empty_purse_is_not_a_rate() {
        let body = r#"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        let failure = failure(429, &[], body);
        assert!(!failure.is_retryable() && !failure.is_rate_limited());
        assert_eq!(failure.message, "You exceeded your current quota.");
    }

    #[test]
    fn the_provider_has_the_last_word_on_retries() {
        assert_eq!(failure(500, &[("x-should-retry", "false")], "").cure, Cure::Nothing);
        assert_eq!(failure(400, &[("x-should-retry", "true")], "").cure, Cure::Retry);
        assert_eq!(failure(429, &[("x-should-retry", "true")], "").cure, Cure::Patience);
    }

    #[test]
    fn the_wait_is_read_wherever_it_is_told() {
        let day = "Fri, 21 Nov 2025 04:40:30 GMT";
        for (headers, body, millis) in [
            (&[("retry-after", "7")][..], "", Some(7_000)),
            (&[("retry-after", "0.5")], "", Some(500)),
            (&[("retry-after", day)], "", Some(30_000)),
            (&[("retry-after", "Fri, 21 Nov 2025 04:39:00 GMT")], "", Some(0)),
            (&[("retry-after", "7"), ("retry-after-ms", "1500")], "", Some(1_500)),
            (&[("retry-after", "soon")], "", None),
            (&[("retry-after", "-3")], "", None),
            (&[], r#"{"error":{"details":[{"@type":"x"},{"retryDelay":"34.5s"}]}}"#, Some(34_500)),
            (&[], "", None),
        ] {
            let wait = failure(429, headers, body).retry_after;
            assert_eq!(wait, millis.map(Duration::from_millis), "{headers:?} {body}");
        }
    }

    #[test]
    fn a_silent_failure_is_named_by_its_status() {
        assert_eq!(failure(502, &[], " \n").message, "status 502 without a word");
    }
}
