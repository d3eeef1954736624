//! A limit as settings state it: for a tenant, for an agent by name, or for each run.

use mainspring_store::RunLimit;
use mainspring_types::{AgentName, RunId};

use super::{Limit, Meter, Policy, Scope, Window};

/// Whom a rule covers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Whom {
    /// The tenant as a whole.
    Tenant,
    /// One agent, all its runs together.
    Agent(AgentName),
    /// Every run for itself.
    EachRun,
}

/// A limit before it is known whose call it is applied to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rule {
    /// Whom it covers.
    pub whom: Whom,
    /// What is counted.
    pub meter: Meter,
    /// Over which time.
    pub window: Window,
    /// How much at most, in the meter's unit.
    pub max: u64,
    /// What follows at the limit.
    pub policy: Policy,
}

impl Rule {
    /// The limit it sets to a call of the agent in the run, if it covers it.
    pub fn limit(&self, agent: &AgentName, run: RunId) -> Option<Limit> {
        let scope = match &self.whom {
            Whom::Tenant => Scope::Tenant,
            Whom::Agent(name) if name == agent => Scope::Agent(name.clone()),
            Whom::Agent(_) => return None,
            Whom::EachRun => Scope::Run(run),
        };
        Some(Limit { scope, meter: self.meter, window: self.window, max: self.max, policy: self.policy })
    }
}

/// The limits on the calls of a run. One that the run was given stands in place of the settings' for every run.
pub fn limits(rules: &[Rule], agent: &AgentName, run: RunId, own: &[RunLimit]) -> Vec<Limit> {
    let mut limits: Vec<Limit> = rules.iter().filter_map(|rule| rule.limit(agent, run)).collect();
    for own in own {
        let Some(meter) = Meter::from_word(&own.meter) else { continue };
        let (scope, window) = (Scope::Run(run), Window::Total);
        limits.retain(|limit| (&limit.scope, limit.meter, limit.window) != (&scope, meter, window));
        let policy = Policy::from_word(&own.policy).unwrap_or_default();
        limits.push(Limit { scope, meter, window, max: own.most, policy });
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_limits_the_calls_it_names() {
        let agent = |name| AgentName::new(name).expect("a name");
        let rule =
            |whom| Rule { whom, meter: Meter::Calls, window: Window::Hour, max: 9, policy: Policy::Suspend };
        let scope = |whom| rule(whom).limit(&agent("a"), RunId::from_u128(1)).map(|limit| limit.scope);
        assert_eq!(scope(Whom::Tenant), Some(Scope::Tenant));
        assert_eq!(scope(Whom::Agent(agent("a"))), Some(Scope::Agent(agent("a"))));
        assert_eq!(scope(Whom::Agent(agent("b"))), None);
        assert_eq!(scope(Whom::EachRun), Some(Scope::Run(RunId::from_u128(1))));
    }

    #[test]
    fn a_runs_own_limit_stands_in_place_of_the_one_for_every_run() {
        let (agent, run) = (AgentName::new("a").expect("a name"), RunId::from_u128(1));
        let rule = |window, max| {
            let (whom, meter, policy) = (Whom::EachRun, Meter::Tokens, Policy::Terminate);
            Rule { whom, meter, window, max, policy }
        };
        let rules = [rule(Window::Total, 10), rule(Window::Hour, 5)];
        let own = RunLimit { meter: "tokens".into(), most: 50, policy: "suspend".into() };
        let maxima: Vec<_> =
            limits(&rules, &agent, run, &[own]).iter().map(|limit| (limit.window, limit.max)).collect();
        assert_eq!(maxima, [(Window::Hour, 5), (Window::Total, 50)]);
    }
}
