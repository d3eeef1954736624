//! The terms that hold for an assistant: how its model answers, how long people are waited for, what follows an answer,
//! and how far it may go.

use std::time::Duration;

use super::{Line, line, place, whence};
use crate::assistant::{Bounds, Draft, Layer};
use crate::prepare::Layers;

/// How the model answers, as far as the definition says.
pub(super) fn options(draft: &Draft) -> impl Iterator<Item = Line> {
    let options = draft.options;
    let given = [
        ("max_output_tokens", options.max_output_tokens.map(|tokens| tokens.to_string())),
        ("temperature", options.temperature.map(|temperature| temperature.to_string())),
        ("thinking", options.thinking.map(|thinking| thinking.to_string())),
    ];
    told(draft, "option", "model_options", given)
}

/// How long a person is waited for, and what follows.
pub(super) fn gates(draft: &Draft) -> impl Iterator<Item = Line> {
    let gates = &draft.gates;
    let deadline = gates.deadline.map_or_else(
        || "none: waits until somebody answers".to_owned(),
        |deadline| format!("{}, then {}", written(deadline), gates.fallback),
    );
    let escalation = gates.escalation.as_ref();
    let escalation = escalation.map(|passed| format!("after {} to {}", written(passed.after), passed.to));
    told(draft, "gate", "gates", [("deadline", Some(deadline)), ("escalate", escalation)])
}

/// What follows the first answer.
pub(super) fn session(draft: &Draft) -> impl Iterator<Item = Line> {
    let session = draft.session;
    let given = [
        ("mode", Some(session.mode.to_string())),
        ("input_deadline", session.input_deadline.map(written)),
        ("history_turns", session.history_turns.map(|turns| turns.to_string())),
    ];
    told(draft, "session", "session", given)
}

/// The shape of the final answer, by the fields of its schema.
pub(super) fn output(draft: &Draft) -> impl Iterator<Item = Line> {
    let schema = draft.output.as_ref().map(|schema| {
        let fields = schema["properties"].as_object().into_iter().flatten();
        let fields: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
        let kind = schema["type"].as_str().unwrap_or("a JSON Schema");
        if fields.is_empty() { kind.to_owned() } else { format!("{kind} of {}", fields.join(", ")) }
    });
    told(draft, "output", "output", [("", schema)])
}

/// The lines of one field of the definition.
fn told<const N: usize>(
    draft: &Draft,
    what: &'static str,
    field: &'static str,
    given: [(&'static str, Option<String>); N],
) -> impl Iterator<Item = Line> {
    let from = place(draft, field);
    given.into_iter().filter_map(move |(name, value)| Some(line(what, name, value?, &from)))
}

/// What is counted, each with the least of all layers; of the bounds on a turn those that are not the usual ones.
pub(super) fn caps(draft: &Draft, layers: &Layers) -> impl Iterator<Item = Line> {
    let least = |own: Option<u64>, tenant: Option<u64>, run: Option<u64>| {
        let all = [(own, Layer::Agent), (tenant, Layer::Tenant), (run, Layer::Run)];
        all.into_iter().filter_map(|(cap, layer)| Some((cap?, layer))).min()
    };
    let (own, tenant, run) = (draft.budget, layers.tenant.budget, layers.run.budget);
    let steps = [layers.tenant.steps, layers.run.steps].map(|steps| steps.map(u64::from));
    let steps = least(Some(draft.bounds.steps.into()), steps[0], steps[1]);
    let counted = |what, name, cap: Option<(u64, Layer)>, text: fn(u64) -> String| {
        let (cap, layer) = cap?;
        let own = || place(draft, if what == "limit" { "limits" } else { "budget" });
        let from = if layer == Layer::Agent { own() } else { whence(layers, layer) };
        Some(line(what, name, text(cap), from))
    };
    let steps = counted("limit", "steps", steps, plain);
    let budget = [
        counted("budget", "tokens", least(own.tokens, tenant.tokens, run.tokens), plain),
        counted("budget", "cost", least(own.cost, tenant.cost, run.cost), dollars),
        counted("budget", "calls", least(own.calls, tenant.calls, run.calls), plain),
    ];
    steps.into_iter().chain(bounds(draft)).chain(budget.into_iter().flatten())
}

/// The bounds on a turn that differ from the usual ones, but for the number of its steps.
fn bounds(draft: &Draft) -> impl Iterator<Item = Line> {
    let (own, usual) = (draft.bounds, Bounds::default());
    let count = |own: u64, usual: u64| (own != usual).then(|| plain(own));
    let time = |own: Duration, usual: Duration| (own != usual).then(|| written(own));
    let given = [
        ("turn_timeout", time(own.turn_timeout, usual.turn_timeout)),
        ("tool_timeout", time(own.tool_timeout, usual.tool_timeout)),
        ("parallel_tools", count(own.parallel_tools.into(), usual.parallel_tools.into())),
        ("tool_retries", count(own.tool_retries.into(), usual.tool_retries.into())),
        ("context_tokens", count(own.context_tokens, usual.context_tokens)),
        ("output_chars", count(own.output_chars.into(), usual.output_chars.into())),
        ("repeats", count(own.repeats.into(), usual.repeats.into())),
    ];
    told(draft, "limit", "limits", given)
}

fn plain(number: u64) -> String {
    number.to_string()
}

/// Billionths of a dollar as dollars, with cents at least and no more places than it needs.
fn dollars(nano_usd: u64) -> String {
    let (whole, rest) = (nano_usd / 1_000_000_000, nano_usd % 1_000_000_000);
    let places = format!("{rest:09}");
    let (cents, finer) = places.split_at(2);
    format!("${whole}.{cents}{}", finer.trim_end_matches('0'))
}

/// A duration as a definition would say it: one day as `24h`, two as `2d`.
fn written(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let fits = units.into_iter().find(|(name, unit)| {
        let least = if *name == "d" { 2 * unit } else { *unit };
        millis >= least && millis.is_multiple_of(*unit)
    });
    let (unit, length) = fits.unwrap_or(("ms", 1));
    format!("{}{unit}", millis / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_places_it_needs() {
        assert_eq!([1_500_000_000, 7_000_000_000, 2_500_000].map(dollars), ["$1.50", "$7.00", "$0.0025"]);
    }

    #[test]
    fn a_duration_is_told_in_its_largest_whole_unit() {
        let told = [172_800, 86_400, 5_400, 90, 3_600].map(|seconds| written(Duration::from_secs(seconds)));
        assert_eq!(told, ["2d", "24h", "90m", "90s", "1h"]);
        assert_eq!(written(Duration::from_millis(1_500)), "1500ms");
    }
}
