//! Effects as the API shows them, and what a run's calls used together.

use mainspring_api::{effect::EffectView, limit::BudgetView, run::Usage};
use mainspring_boundary::{
    budget::{Limit, Meter, Scope, Window},
    price::NanoUsd,
};
use mainspring_store::{EffectRow, Tokens, Used};

/// An effect of a run.
pub(crate) fn effect(row: EffectRow) -> EffectView {
    EffectView {
        effect_id: row.id,
        step: row.step,
        attempt: row.attempt,
        route: row.route,
        model: row.model,
        provider: row.provider,
        key: row.key.to_string(),
        occurrence: row.occurrence,
        state: row.state.as_str().to_owned(),
        superseded: row.superseded,
        replayed: row.replays > 0,
        replays: row.replays,
        tries: row.tries,
        tokens: usage(row.tokens),
        held_tokens: row.held.tokens,
        cost: NanoUsd(row.cost).to_string(),
        cost_nano_usd: row.cost,
        stop: row.answer.as_deref().and_then(stop),
        intended_at: row.intended_at,
        settled_at: row.settled_at,
    }
}

/// Why the model stopped, by the head of its recorded answer.
fn stop(head: &str) -> Option<String> {
    let head: serde_json::Value = serde_json::from_str(head).ok()?;
    head["stop"].as_str().map(str::to_owned)
}

/// Tokens by kind, and their sum.
pub(super) fn usage(tokens: Tokens) -> Usage {
    let Tokens { input, output, cache_read, cache_creation } = tokens;
    Usage {
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: cache_read,
        cache_creation_tokens: cache_creation,
        total_tokens: input + output + cache_read + cache_creation,
    }
}

/// The limits of the run alone, and how much of each is used by it and its sub-agents. Those of an hour or a day say
/// nothing about a whole run.
pub(super) fn budget(limits: &[Limit], used: &Used) -> Vec<BudgetView> {
    let of_run = |limit: &&Limit| matches!(limit.scope, Scope::Run(_)) && limit.window == Window::Total;
    limits.iter().filter(of_run).map(|limit| line(limit, used)).collect()
}

fn line(limit: &Limit, used: &Used) -> BudgetView {
    let amount = match limit.meter {
        Meter::Tokens => usage(used.tokens).total_tokens + used.held.tokens,
        Meter::Cost => used.cost + used.held.cost,
        Meter::Calls => used.tries,
    };
    let most = limit.meter.words(limit.max);
    let summary = match limit.meter {
        Meter::Cost => format!("{} of {most}", NanoUsd(amount)),
        Meter::Tokens | Meter::Calls => format!("{amount} of {most}"),
    };
    BudgetView {
        meter: limit.meter.as_str().into(),
        max: limit.max,
        used: amount,
        policy: limit.policy.as_str().into(),
        summary,
    }
}

#[cfg(test)]
mod tests {
    use mainspring_boundary::budget::Policy;
    use mainspring_store::Charge;
    use mainspring_types::RunId;

    use super::*;

    #[test]
    fn a_budget_counts_what_is_set_aside() {
        let limit = |meter, window, max| {
            let scope = Scope::Run(RunId::from_u128(1));
            Limit { scope, meter, window, max, policy: Policy::Suspend }
        };
        let limits = [
            limit(Meter::Tokens, Window::Total, 1_000),
            limit(Meter::Cost, Window::Total, 1_500_000_000),
            limit(Meter::Calls, Window::Total, 1),
            limit(Meter::Calls, Window::Hour, 9),
        ];
        let tokens = Tokens { input: 300, output: 12, ..Tokens::default() };
        let used = Used { tokens, cost: 1_200_000, held: Charge { tokens: 500, cost: 0 }, tries: 3 };
        let lines: Vec<_> = budget(&limits, &used).into_iter().map(|line| line.summary).collect();
        assert_eq!(lines, ["812 of 1000 tokens", "$0.0012 of $1.5000", "3 of 1 call"]);
    }
}
