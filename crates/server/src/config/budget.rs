//! Budgets from the settings file: `[budgets.tenant]`, `[budgets.run]` and `[budgets.agents.NAME]`.

use mainspring_boundary::{
    budget::{Meter, Policy, Rule, Whom, Window},
    price::NanoUsd,
};
use mainspring_types::{AgentName, Problem};

use super::{
    fields::{Field, Fields},
    node::Node,
};

/// The tables of `budgets`.
const TABLES: [&str; 3] = ["tenant", "run", "agents"];

const POLICY: &str = "policy";
const POLICIES: [(&str, Policy); 3] = [
    (Policy::Suspend.as_str(), Policy::Suspend),
    (Policy::Throttle.as_str(), Policy::Throttle),
    (Policy::Terminate.as_str(), Policy::Terminate),
];

/// The fields that set a limit, and which.
const LIMITS: [(&str, Meter, Window); 9] = [
    ("tokens", Meter::Tokens, Window::Total),
    ("tokens_per_hour", Meter::Tokens, Window::Hour),
    ("tokens_per_day", Meter::Tokens, Window::Day),
    ("cost", Meter::Cost, Window::Total),
    ("cost_per_hour", Meter::Cost, Window::Hour),
    ("cost_per_day", Meter::Cost, Window::Day),
    ("calls", Meter::Calls, Window::Total),
    ("calls_per_hour", Meter::Calls, Window::Hour),
    ("calls_per_day", Meter::Calls, Window::Day),
];

/// What may stand in the table of a budget.
pub const BUDGET_FIELDS: &[Field] = &[
    number("tokens", "how many tokens of any kind may be used in all"),
    number("tokens_per_hour", "how many tokens may be used in each hour of UTC"),
    number("tokens_per_day", "how many tokens may be used on each day of UTC"),
    money("cost", "how much may be spent in all"),
    money("cost_per_hour", "how much may be spent in each hour of UTC"),
    money("cost_per_day", "how much may be spent on each day of UTC"),
    number("calls", "how many model calls may be sent in all"),
    number("calls_per_hour", "how many model calls may be sent in each hour of UTC"),
    number("calls_per_day", "how many model calls may be sent on each day of UTC"),
    Field {
        name: POLICY,
        takes: "`suspend`, `throttle` or `terminate`",
        default: "`suspend`",
        meaning: "what becomes of a run at the limit: it is parked until there is room again, it is slowed down before \
                  and waits, or it ends",
    },
];

const fn number(name: &'static str, meaning: &'static str) -> Field {
    Field { name, takes: "a whole number from 1", default: "no limit", meaning }
}

const fn money(name: &'static str, meaning: &'static str) -> Field {
    Field { name, takes: "an amount in dollars, such as `\"$1.50\"`", default: "no limit", meaning }
}

/// The rules of the table `budgets`, in the order of the file.
pub(super) fn from_file(budgets: &Node<'_>) -> Result<Vec<Rule>, Problem> {
    let mut rules = Vec::new();
    for table in budgets.nodes()? {
        match table.name {
            "tenant" => rules.extend(limits(&table, &Whom::Tenant)?),
            "run" => rules.extend(limits(&table, &Whom::EachRun)?),
            "agents" => {
                for agent in table.nodes()? {
                    rules.extend(limits(&agent, &whom(&agent)?)?);
                }
            }
            _ => return Err(table.unknown(TABLES)),
        }
    }
    Ok(rules)
}

fn whom(agent: &Node<'_>) -> Result<Whom, Problem> {
    AgentName::new(agent.name).map(Whom::Agent).map_err(|refused| {
        agent.problem(refused.to_string()).suggest("write the name as it stands in the agent's manifest")
    })
}

/// The rules of one table: one for each limit that it sets.
fn limits(table: &Node<'_>, whom: &Whom) -> Result<Vec<Rule>, Problem> {
    let fields = Fields::of(table, BUDGET_FIELDS)?;
    let policy = fields.word(POLICY, &POLICIES)?.unwrap_or_default();
    let mut rules = Vec::new();
    for (name, meter, window) in LIMITS {
        let max = fields.get(name, |text| max(meter, text))?;
        rules.extend(max.map(|max| Rule { whom: whom.clone(), meter, window, max, policy }));
    }
    if rules.is_empty() {
        let suggestion = format!("add one, such as `{} = 100000`, or leave the table out", LIMITS[0].0);
        return Err(table.problem(format!("`{}` sets no limit", table.path)).suggest(suggestion));
    }
    Ok(rules)
}

/// A maximum over zero, in the meter's unit, that the store can hold.
fn max(meter: Meter, text: &str) -> Option<u64> {
    let max = match meter {
        Meter::Cost => text.parse::<NanoUsd>().ok()?.0,
        Meter::Tokens | Meter::Calls => text.parse().ok()?,
    };
    (max > 0 && i64::try_from(max).is_ok()).then_some(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_its_field() {
        let limits = LIMITS.iter().map(|(name, ..)| *name);
        let fields = BUDGET_FIELDS.iter().map(|field| field.name);
        assert!(limits.chain([POLICY]).eq(fields));
    }
}
