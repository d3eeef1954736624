//! A limit as settings state it: for a tenant, for an agent by name, or for each run.

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
}
