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
        // 409: the provider lost a race for a lock of its own.
        408 | 409 => Cure::Retry,
        501 => Cure::Nothing,
        500.. => Cure::Retry,
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
