//! A sub-agent has less: what it is given is what its definition says, its parent has and the call asks for.

use std::{collections::BTreeSet, fmt};

use serde::Deserialize;
use serde_json::Value;

use super::glob::Glob;
use crate::assistant::{Approval, Assistant, BudgetAsk, Capabilities};
use crate::toolset::Toolset;

/// The arguments of one call of `task`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskAsk {
    /// The sub-agent.
    pub agent: String,
    /// What it is to do.
    pub prompt: String,
    /// The toolsets it is given; all of its own when absent.
    #[serde(default)]
    pub toolsets: Option<BTreeSet<Toolset>>,
    /// The paths it may read; all of its own when absent.
    #[serde(default)]
    pub read: Option<Vec<Glob>>,
    /// The paths it may write; all of its own when absent.
    #[serde(default)]
    pub write: Option<Vec<Glob>>,
    /// The tokens it may use.
    #[serde(default)]
    pub max_tokens: Option<u64>,
}

impl TaskAsk {
    /// Reads the arguments, or tells the model what is wrong with them.
    pub fn read(arguments: &Value) -> Result<Self, String> {
        Self::deserialize(arguments).map_err(|error| format!("read the arguments of `task`: {error}"))
    }
}

/// Something that a sub-agent asks for and its parent has not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What is asked for, such as ``the toolset `web` ``.
    pub what: String,
    /// Why it is not given.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not given: {}", self.what, self.why)
    }
}

/// The sub-agent as this call starts it, or everything that it asks for and may not have.
///
/// The parent's rules hold beside its own, so it is never allowed what its parent is denied.
pub fn narrowed(parent: &Assistant, child: &Assistant, asked: &TaskAsk) -> Result<Assistant, Vec<Refusal>> {
    let mut refusals = Refusals(Vec::new());
    refusals.toolsets(&child.toolsets, &parent.toolsets, "its parent has it not");
    if let Some(wanted) = &asked.toolsets {
        refusals.toolsets(wanted, &child.toolsets, "the sub-agent has it not");
    }
    let toolsets = asked.toolsets.as_ref().unwrap_or(&child.toolsets);
    refusals.programs(toolsets, asked);
    refusals.tools(parent, child);
    let theirs = refusals.capabilities(&child.capabilities, &parent.capabilities, "its parent");
    let narrower =
        Capabilities { read: asked.read.clone(), write: asked.write.clone(), ..Capabilities::default() };
    let capabilities = refusals.capabilities(&narrower, &theirs, "the sub-agent");
    let budget = refusals.budget(child.budget, parent.budget, "its parent");
    let wanted = BudgetAsk { tokens: asked.max_tokens, ..BudgetAsk::default() };
    let budget = refusals.budget(wanted, budget, "the sub-agent");
    if !refusals.0.is_empty() {
        return Err(refusals.0);
    }
    let inherited =
        parent.approvals.iter().map(|line| Approval { generation: line.generation + 1, ..line.clone() });
    Ok(Assistant {
        toolsets: toolsets.clone(),
        approvals: child.approvals.iter().cloned().chain(inherited).collect(),
        effects: parent.effects.clone(),
        limits: parent.limits,
        capabilities,
        budget,
        ..child.clone()
    })
}

/// What is not given, gathered while a sub-agent is compared with what it may have.
struct Refusals(Vec<Refusal>);

impl Refusals {
    fn add(&mut self, what: String, why: impl Into<String>) {
        self.0.push(Refusal { what, why: why.into() });
    }

    fn toolsets(&mut self, wanted: &BTreeSet<Toolset>, had: &BTreeSet<Toolset>, why: &str) {
        for toolset in wanted.difference(had) {
            self.add(format!("the toolset `{toolset}`"), why);
        }
    }

    /// What is asked for must hold: programs go past the paths that a call names.
    fn programs(&mut self, toolsets: &BTreeSet<Toolset>, asked: &TaskAsk) {
        let narrows = |globs: &Option<Vec<Glob>>| {
            globs.as_ref().is_some_and(|globs| !globs.iter().any(Glob::is_everything))
        };
        if !narrows(&asked.read) && !narrows(&asked.write) {
            return;
        }
        for toolset in toolsets.iter().filter(|toolset| toolset.starts_programs()) {
            let why =
                "its programs cannot be held to `read` and `write`; name the other toolsets in `toolsets`";
            self.add(format!("the toolset `{toolset}`"), why);
        }
    }

    fn tools(&mut self, parent: &Assistant, child: &Assistant) {
        for tool in child.tools.iter().filter(|tool| !parent.tools.contains(tool)) {
            self.add(format!("the tool `{}`", tool.name), "its parent has it not");
        }
        for (name, server) in &child.mcp_servers {
            let had = parent.mcp_servers.get(name);
            if had.is_none_or(|had| had.transport != server.transport || had.classes != server.classes) {
                self.add(format!("the MCP server `{name}`"), "its parent has it not");
            } else if let Some(tools) = had.and_then(|had| had.tools.as_ref())
                && !server.tools.as_ref().is_some_and(|wanted| wanted.iter().all(|glob| covered(glob, tools)))
            {
                self.add(format!("some tools of the MCP server `{name}`"), "its parent has them not");
            }
        }
    }

    /// What is wanted where something is, what is had elsewhere.
    fn capabilities(&mut self, wanted: &Capabilities, had: &Capabilities, whose: &str) -> Capabilities {
        let mut each = |field: &str, wanted: &Option<Vec<Glob>>, had: &Option<Vec<Glob>>| {
            for glob in wanted.iter().flatten() {
                if let Some(had) = had
                    && !covered(glob, had)
                {
                    self.add(format!("`{glob}` to {field}"), format!("{whose} has {}", listed(had)));
                }
            }
            wanted.clone().or_else(|| had.clone())
        };
        Capabilities {
            read: each("read", &wanted.read, &had.read),
            write: each("write", &wanted.write, &had.write),
            commands: each("run", &wanted.commands, &had.commands),
            hosts: each("speak to", &wanted.hosts, &had.hosts),
        }
    }

    fn budget(&mut self, wanted: BudgetAsk, had: BudgetAsk, whose: &str) -> BudgetAsk {
        let mut each = |unit: &str, wanted: Option<u64>, had: Option<u64>| {
            if let (Some(wanted), Some(had)) = (wanted, had)
                && wanted > had
            {
                self.add(format!("a budget of {wanted} {unit}"), format!("{whose} has {had}"));
            }
            wanted.or(had)
        };
        BudgetAsk {
            tokens: each("tokens", wanted.tokens, had.tokens),
            cost: each("billionths of a dollar", wanted.cost, had.cost),
            calls: each("calls", wanted.calls, had.calls),
        }
    }
}

/// Whether one of `had` has everything that `wanted` has.
pub(crate) fn covered(wanted: &Glob, had: &[Glob]) -> bool {
    had.iter().any(|had| had.covers(wanted))
}

fn listed(globs: &[Glob]) -> String {
    match globs {
        [] => "nothing".to_owned(),
        globs => globs.iter().map(|glob| format!("`{glob}`")).collect::<Vec<_>>().join(", "),
    }
}
