//! What a turn has used, counted from its entries.

use std::time::Duration;

use mainspring_types::Timestamp;

use crate::{
    output::{count, time},
    render::Entry,
};

/// Calls, tokens and money of one turn.
#[derive(Clone, Default)]
pub(super) struct Tally {
    /// When it began.
    pub(super) since: Option<Timestamp>,
    models: u64,
    tools: u64,
    tokens: u64,
    nano_usd: u64,
}

impl Tally {
    /// Takes in an entry.
    pub(super) fn fold(&mut self, entry: Entry<'_>) {
        match entry.kind() {
            "effect.intended" => self.models += 1,
            "effect.committed" => {
                self.tokens += entry.tokens().unwrap_or(0);
                self.nano_usd += entry.text("cost").map_or(0, nano_usd);
            }
            "tool.committed" => self.tools += 1,
            _ => {}
        }
    }

    /// How long the turn has lasted.
    pub(super) fn elapsed(&self, now: Timestamp) -> Option<Duration> {
        self.since.map(|since| now.since(since))
    }

    /// In one line: `3.2 s · 2 model calls · 1 tool call · 412 tokens · $0.0004`.
    pub(super) fn words(&self, now: Timestamp) -> String {
        let mut parts: Vec<String> = self.elapsed(now).map(time).into_iter().collect();
        parts.push(count(self.models, "model call"));
        parts.extend((self.tools > 0).then(|| count(self.tools, "tool call")));
        parts.push(count(self.tokens, "token"));
        parts.extend((self.nano_usd > 0).then(|| dollars(self.nano_usd)));
        parts.join(" · ")
    }
}

/// The billionths of a dollar in `$0.0012`.
fn nano_usd(cost: &str) -> u64 {
    let (whole, part) = cost.trim_start_matches('$').split_once('.').unwrap_or((cost, ""));
    let part = format!("{part:0<9}");
    let number = |text: &str| text.parse::<u64>().unwrap_or(0);
    number(whole.trim_start_matches('$')) * 1_000_000_000 + number(part.get(..9).unwrap_or("0"))
}

/// An amount of money, such as `$0.0012`.
pub(crate) fn dollars(nano_usd: u64) -> String {
    let parts = (nano_usd + 50_000) / 100_000;
    format!("${}.{:04}", parts / 10_000, parts % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_added_without_loss() {
        assert_eq!(nano_usd("$1.0012"), 1_001_200_000);
        assert_eq!(nano_usd("$3"), 3_000_000_000);
        assert_eq!(dollars(1_001_250_000), "$1.0013");
    }
}
