//! What a tenant and a run lay over an assistant. A layer takes away and asks; it never grants what is not there.

use std::collections::BTreeSet;

use mainspring_types::{Code, Problem, nearest};
use serde::{Deserialize, Serialize};

use super::{Approval, Assistant, BudgetAsk, Draft, Layer, ModelName, Verdict};
use crate::policy::Pattern;
use crate::toolset::{Toolset, built_ins};

/// One layer around a definition.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overlay {
    /// The model: a run's replaces the definition's, a tenant's stands in where there is none.
    pub model: Option<ModelName>,
    /// Further lines of `approvals`.
    pub approvals: Vec<(Pattern, Verdict)>,
    /// Toolsets taken away.
    pub denied_toolsets: BTreeSet<Toolset>,
    /// The most model calls of one turn.
    pub steps: Option<u32>,
    /// What the run may use of its models at most.
    pub budget: BudgetAsk,
    /// Where it is written, such as `config.toml`.
    pub place: Option<String>,
}

impl Draft {
    /// The assistant with what its tenant and its run lay over it, or every reason why it cannot run so.
    pub fn overlaid(&self, tenant: &Overlay, run: &Overlay) -> Result<Assistant, Vec<Problem>> {
        let mut problems: Vec<Problem> = run.approvals.iter().filter_map(|line| self.unknown(line)).collect();
        let model = run.model.as_ref().or(self.model.as_ref()).or(tenant.model.as_ref());
        match model {
            Some(model) if problems.is_empty() => {
                let layers = [(Layer::Tenant, tenant), (Layer::Run, run)];
                Ok(layers.into_iter().fold(self.resolved(model), laid_over))
            }
            Some(_) => Err(problems),
            None => {
                problems.push(self.no_model());
                Err(problems)
            }
        }
    }

    /// With this model wherever none is named. Sub-agents without one have their parent's.
    fn resolved(&self, model: &ModelName) -> Assistant {
        let agents = self
            .agents
            .iter()
            .map(|(name, agent)| (name.clone(), agent.resolved(agent.model.as_ref().unwrap_or(model))));
        Assistant {
            agents: agents.collect(),
            model: model.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            instructions: self.instructions.clone(),
            options: self.options,
            toolsets: self.toolsets.clone(),
            tools: self.tools.clone(),
            mcp_servers: self.mcp_servers.clone(),
            approvals: self.approvals.clone(),
            effects: self.effects.clone(),
            capabilities: self.capabilities.clone(),
            gates: self.gates.clone(),
            bounds: self.bounds,
            budget: self.budget,
            session: self.session,
            output: self.output.clone(),
            limits: self.limits,
            env: self.env.clone(),
            places: self.places.clone(),
        }
    }

    fn no_model(&self) -> Problem {
        let message = format!("`{}` names no model, and no layer around it does", self.name);
        Problem::new(Code::InvalidManifest, message).suggest(
            "add `model: PROVIDER/MODEL` to the definition, or set `model` of `[agents]` in config.toml",
        )
    }

    /// The problem of a run's line that is about no tool: a typing mistake there would let pass what it is to stop.
    fn unknown(&self, (pattern, _): &(Pattern, Verdict)) -> Option<Problem> {
        let known = self.names();
        if known.iter().any(|name| pattern.name.matches(name)) || is_of_server(self, pattern) {
            return None;
        }
        let message = format!("`approvals` of the run name `{pattern}`, which is no tool of `{}`", self.name);
        let problem = Problem::new(Code::InvalidInput, message);
        Some(match nearest(pattern.name.as_str(), known.iter().map(String::as_str)) {
            Some(meant) => problem.suggest(format!("did you mean `{meant}`?")),
            None => problem.suggest(format!("known here: {}", known.join(", "))),
        })
    }
}

impl<M> Assistant<M> {
    /// What a rule may name: every built-in tool and toolset, and the tools and servers of this assistant.
    pub(crate) fn names(&self) -> Vec<String> {
        let toolsets = Toolset::WORDS.iter().map(|(word, _)| (*word).to_owned());
        let built_in = built_ins().iter().map(|tool| tool.name.to_owned());
        let custom = self.tools.iter().map(|tool| tool.name.clone());
        let names = toolsets.chain(built_in).chain(custom).chain(self.mcp_servers.keys().cloned());
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Whether the pattern names tools of a server: which ones it has is known only when it runs.
pub(crate) fn is_of_server<M>(assistant: &Assistant<M>, pattern: &Pattern) -> bool {
    let server = pattern.name.as_str().split_once(crate::policy::SERVER_SEAM).map(|(server, _)| server);
    server.is_some_and(|server| assistant.mcp_servers.contains_key(server))
}

fn laid_over(mut assistant: Assistant, (layer, overlay): (Layer, &Overlay)) -> Assistant {
    let lines = overlay.approvals.iter().map(|(pattern, verdict)| Approval {
        pattern: pattern.clone(),
        verdict: *verdict,
        from: layer,
        place: overlay.place.clone(),
        generation: 0,
    });
    assistant.approvals.extend(lines);
    capped(&mut assistant, overlay);
    assistant
}

/// Takes away what the overlay denies, from sub-agents too: they cannot have what their parent has not.
fn capped(assistant: &mut Assistant, overlay: &Overlay) {
    let least = |own: Option<u64>, cap: Option<u64>| own.into_iter().chain(cap).min();
    assistant.toolsets.retain(|toolset| !overlay.denied_toolsets.contains(toolset));
    assistant.bounds.steps =
        overlay.steps.map_or(assistant.bounds.steps, |cap| cap.min(assistant.bounds.steps));
    assistant.budget = BudgetAsk {
        tokens: least(assistant.budget.tokens, overlay.budget.tokens),
        cost: least(assistant.budget.cost, overlay.budget.cost),
        calls: least(assistant.budget.calls, overlay.budget.calls),
    };
    assistant.agents.values_mut().for_each(|agent| capped(agent, overlay));
}
