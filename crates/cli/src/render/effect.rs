//! Model calls for people: what became of one in a line of the journal, all of them as a table, and their sum.

use mainspring_api::{
    effect::EffectView,
    run::{RunStatus, RunView, Usage},
};

use super::Entry;
use crate::output::{Palette, Table, Tone, count};

/// What an entry says of a model call or of a budget, in words; `None` for any other entry.
pub(super) fn words(entry: Entry<'_>) -> Option<(Option<Tone>, String)> {
    let step = entry.step().map_or_else(String::new, |step| format!("{step} · "));
    said(entry).map(|(tone, words)| (tone, step + &words))
}

/// The same without the step.
pub(super) fn told(entry: Entry<'_>) -> Option<String> {
    said(entry).map(|(_, words)| words)
}

fn said(entry: Entry<'_>) -> Option<(Option<Tone>, String)> {
    let (tone, what) = match entry.kind() {
        "effect.intended" => (Some(Tone::Dim), "asked".to_owned()),
        "effect.committed" => (None, answered(entry)),
        "effect.replayed" => (Some(Tone::Good), replayed(entry).to_owned()),
        "effect.near" => {
            let aside = "from the journal, its dates and random ids aside";
            (Some(Tone::Good), aside.to_owned())
        }
        "effect.retried" => {
            let number = entry.number("try").unwrap_or(1);
            (Some(Tone::Warn), format!("try {number} failed{}; trying again", because(entry)))
        }
        "effect.repeated" => (Some(Tone::Warn), format!("asked again: {}", repeated(entry))),
        "effect.failed" => (Some(Tone::Bad), format!("failed{}", because(entry))),
        "effect.unknown" => {
            (Some(Tone::Warn), format!("cut off, its outcome is not known{}", because(entry)))
        }
        "effect.diverged" => return Some((Some(Tone::Warn), diverged(entry))),
        "effect.unused" => return Some((Some(Tone::Dim), unused(entry))),
        "budget.warning" => return Some((Some(Tone::Warn), budget(entry))),
        _ => return None,
    };
    Some((tone, format!("model {} · {what}", entry.text("model").unwrap_or("?"))))
}

fn because(entry: Entry<'_>) -> String {
    entry.text("error").map_or_else(String::new, |error| format!(": {error}"))
}

fn answered(entry: Entry<'_>) -> String {
    let tokens = entry.tokens().map(|tokens| count(tokens, "token"));
    let cost = entry.text("cost").filter(|cost| *cost != FREE).map(str::to_owned);
    let stop = match entry.text("stop") {
        Some("tool") => Some("calls a tool".to_owned()),
        Some("length") => Some("cut at its length limit".to_owned()),
        _ => None,
    };
    [tokens, cost, stop].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn replayed(entry: Entry<'_>) -> &'static str {
    match entry.text("state") {
        Some("failed") => "its failure from the journal",
        _ => "from the journal",
    }
}

fn repeated(entry: Entry<'_>) -> &'static str {
    match entry.text("why") {
        Some("retried") => "the agent retried it",
        Some("reopened") => "its failure had ended an earlier attempt",
        _ => "whether it was answered is not known",
    }
}

/// Where the run went from the place at which its agent left the recorded path.
pub(super) fn diverged(entry: Entry<'_>) -> String {
    let way = match entry.text("policy") {
        Some("fail") => "the run ends".to_owned(),
        Some("ask") => "it waits for a decision".to_owned(),
        _ => match entry.number("superseded").unwrap_or(0) {
            0 => "new calls from here".to_owned(),
            later => format!("new calls from here, {} set aside", count(later, "recorded one")),
        },
    };
    format!("left the recorded path: {way}")
}

fn unused(entry: Entry<'_>) -> String {
    format!("{} not asked for again", count(entry.number("count").unwrap_or(0), "recorded model call"))
}

/// Which budget runs low.
pub(super) fn budget(entry: Entry<'_>) -> String {
    let whose = match entry.text("scope") {
        Some("tenant") => "all runs",
        Some(scope) if scope.starts_with("agent:") => "this agent",
        _ => "this run",
    };
    let span = match entry.text("window") {
        Some("hour") => " an hour",
        Some("day") => " a day",
        _ => "",
    };
    let limit = entry.text("limit").unwrap_or("?");
    format!("over 90 % of the budget of {whose} is used, which is {limit}{span}")
}

/// What nothing costs.
const FREE: &str = "$0.0000";

/// A run's calls in one line: `3 model calls, 1 from the journal · 2 tool calls · 412 tokens · $0.0004`; `None` without
/// any.
pub(super) fn spent(run: &RunView) -> Option<String> {
    if run.model_calls == 0 {
        return None;
    }
    let mut parts = vec![calls(run.model_calls, run.replayed_calls)];
    parts.extend((run.tool_calls > 0).then(|| count(run.tool_calls, "tool call")));
    parts.push(count(run.usage.total_tokens, "token"));
    parts.extend((run.cost_nano_usd > 0).then(|| run.cost.clone()));
    Some(parts.join(" · "))
}

/// How many model calls there were: `3 model calls, 1 from the journal`.
pub(super) fn calls(made: u64, replayed: u64) -> String {
    let journal = if replayed == 0 { String::new() } else { format!(", {replayed} from the journal") };
    count(made, "model call") + &journal
}

/// One row a call, and their sum below.
pub(crate) fn effects(effects: &[EffectView], run: &RunView, palette: Palette) -> String {
    let mut table = Table::new(["EFFECT", "ROUTE", "MODEL", "STATE", "IN", "OUT", "COST", "TRIES"]);
    for effect in effects {
        table.row([
            short(&effect.effect_id.to_string()),
            effect.route.clone(),
            effect.model.clone(),
            state(effect, palette),
            sent(&effect.tokens).to_string(),
            effect.tokens.output_tokens.to_string(),
            effect.cost.clone(),
            effect.tries.to_string(),
        ]);
    }
    let sum = spent(run).unwrap_or_default();
    format!("{}\n{}\n", table.render(palette), palette.dim(&sum))
}

/// Why there are no calls to list.
pub(crate) fn without_effects(status: RunStatus) -> &'static str {
    if status.is_ended() {
        "no model calls: no agent of this run asked a model through Mainspring"
    } else {
        "no model calls yet"
    }
}

/// The end of an id: those of one run begin alike.
fn short(id: &str) -> String {
    format!("…{}", &id[id.len().saturating_sub(8)..])
}

fn sent(tokens: &Usage) -> u64 {
    tokens.input_tokens + tokens.cache_read_tokens + tokens.cache_creation_tokens
}

fn state(effect: &EffectView, palette: Palette) -> String {
    let tone = match effect.state.as_str() {
        "committed" => Tone::Good,
        "failed" => Tone::Bad,
        "intended" => Tone::Active,
        _ => Tone::Warn,
    };
    let replays = match effect.replays {
        0 => "",
        1 => " ↺",
        _ => &format!(" ↺{}", effect.replays),
    };
    let aside = if effect.superseded { " (set aside)" } else { "" };
    format!("{}{}{}", palette.paint(tone, &effect.state), palette.strong(replays), palette.dim(aside))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::{
        fixture::{at, called, journal, paid},
        line,
    };

    fn told(kind: &str, mut data: Value) -> String {
        data["step"] = json!("main");
        data["model"] = json!("gpt-4o-mini");
        line(&journal(&[(0, kind, data)])[0], Palette::Plain, 110)[19..].to_owned()
    }

    #[test]
    fn everything_that_becomes_of_a_call_has_its_words() {
        let usage = json!({"input_tokens": 300, "output_tokens": 12});
        let said = [
            told("effect.intended", json!({})),
            told("effect.committed", json!({"usage": usage, "cost": "$0.0012", "stop": "tool"})),
            told("effect.committed", json!({"usage": usage, "cost": "$0.0000", "stop": "natural"})),
            told("effect.replayed", json!({"state": "committed"})),
            told("effect.replayed", json!({"state": "failed"})),
            told("effect.near", json!({})),
            told("effect.retried", json!({"try": 2, "error": "status 529: overloaded"})),
            told("effect.repeated", json!({"try": 2, "why": "unknown"})),
            told("effect.failed", json!({"error": "status 400: no such model"})),
            told("effect.unknown", json!({"error": "the connection broke"})),
            told("effect.diverged", json!({"policy": "live", "superseded": 2})),
            told("effect.diverged", json!({"policy": "ask", "superseded": 0})),
            told("effect.unused", json!({"count": 2})),
            told("budget.warning", json!({"scope": "run:run_1", "window": "total", "limit": "$1.5000"})),
            told("budget.warning", json!({"scope": "tenant", "window": "day", "limit": "1000 tokens"})),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        main · model gpt-4o-mini · asked
        main · model gpt-4o-mini · 312 tokens · $0.0012 · calls a tool
        main · model gpt-4o-mini · 312 tokens
        main · model gpt-4o-mini · from the journal
        main · model gpt-4o-mini · its failure from the journal
        main · model gpt-4o-mini · from the journal, its dates and random ids aside
        main · model gpt-4o-mini · try 2 failed: status 529: overloaded; trying again
        main · model gpt-4o-mini · asked again: whether it was answered is not known
        main · model gpt-4o-mini · failed: status 400: no such model
        main · model gpt-4o-mini · cut off, its outcome is not known: the connection broke
        main · left the recorded path: new calls from here, 2 recorded ones set aside
        main · left the recorded path: it waits for a decision
        main · 2 recorded model calls not asked for again
        main · over 90 % of the budget of this run is used, which is $1.5000
        main · over 90 % of the budget of all runs is used, which is 1000 tokens a day
        ");
    }

    #[test]
    fn calls_stand_in_columns_above_their_sum() {
        insta::assert_snapshot!(effects(&called(), &paid(), Palette::Plain), @"
        EFFECT     ROUTE        MODEL        STATE        IN   OUT  COST     TRIES
        …00000001  openai.chat  gpt-4o-mini  committed ↺  180  12   $0.0002  1
        …00000002  openai.chat  gpt-4o-mini  committed    208  12   $0.0002  1

        3 model calls, 1 from the journal · 412 tokens · $0.0004
        ");
        assert_eq!(called()[0].intended_at, at(0));
    }
}
