//! What an assistant is given and held to, line by line, and where each line comes from.

use serde::{Deserialize, Serialize};

use crate::assistant::{Assistant, Draft, Layer, Transport};
use crate::policy::Glob;
use crate::prepare::Layers;

/// One thing that holds for an assistant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// What it is of: `model`, `toolset`, `tool`, `mcp_server`, `approval`, `effect`, `capability`, `budget`, `limit`
    /// or `agent`.
    pub what: String,
    /// Its name.
    pub name: String,
    /// What holds.
    pub value: String,
    /// Where it comes from: `FILE:LINE`, or the layer.
    pub from: String,
}

const DEFINITION: &str = "definition";

/// Everything that holds once the layers are laid over the draft.
pub(super) fn of(draft: &Draft, layers: &Layers) -> Vec<Line> {
    let granted = [model(draft, layers)].into_iter().chain(toolsets(draft, layers)).chain(grants(draft));
    let held = approvals(draft, layers).chain(effects(draft)).chain(capabilities(draft));
    granted.chain(held).chain(caps(draft, layers)).chain(agents(draft)).collect()
}

fn line(what: &str, name: impl Into<String>, value: impl Into<String>, from: impl Into<String>) -> Line {
    Line { what: what.to_owned(), name: name.into(), value: value.into(), from: from.into() }
}

/// The layer's place, or what it is.
fn whence(layers: &Layers, layer: Layer) -> String {
    let (place, name) = match layer {
        Layer::Agent => (None, DEFINITION),
        Layer::Tenant => (layers.tenant.place.as_ref(), "settings of the tenant"),
        Layer::Run => (layers.run.place.as_ref(), "the run"),
    };
    place.map_or_else(|| name.to_owned(), |place| format!("{name} ({place})"))
}

fn place<M>(assistant: &Assistant<M>, key: &str) -> String {
    assistant.places.get(key).cloned().unwrap_or_else(|| DEFINITION.to_owned())
}

fn model(draft: &Draft, layers: &Layers) -> Line {
    let own = draft.model.as_ref().map(|model| (model, place(draft, "model")));
    let of_run = layers.run.model.as_ref().map(|model| (model, whence(layers, Layer::Run)));
    let of_tenant = layers.tenant.model.as_ref().map(|model| (model, whence(layers, Layer::Tenant)));
    match of_run.or(own).or(of_tenant) {
        Some((model, from)) => line("model", "", model.to_string(), from),
        None => line("model", "", "none: set `model` here or in config.toml", DEFINITION),
    }
}

fn toolsets(draft: &Draft, layers: &Layers) -> impl Iterator<Item = Line> {
    draft.toolsets.iter().map(|toolset| {
        let taken = [(Layer::Tenant, &layers.tenant), (Layer::Run, &layers.run)];
        let taken = taken.iter().find(|(_, overlay)| overlay.denied_toolsets.contains(toolset));
        if let Some((layer, _)) = taken {
            return line("toolset", toolset.as_str(), "taken away", whence(layers, *layer));
        }
        let tools: Vec<&str> = toolset.tools().map(|tool| tool.name).collect();
        line("toolset", toolset.as_str(), tools.join(", "), place(draft, &format!("toolsets.{toolset}")))
    })
}

fn grants(draft: &Draft) -> impl Iterator<Item = Line> {
    let tools = draft.tools.iter().map(|tool| {
        let value = format!("{} ({})", tool.run.join(" "), tool.class);
        line("tool", &tool.name, value, place(draft, &format!("tools.{}", tool.name)))
    });
    let servers = draft.mcp_servers.iter().map(|(name, server)| {
        let reached = match &server.transport {
            Transport::Stdio { command, .. } => command.join(" "),
            Transport::Http { url, .. } => url.clone(),
        };
        let granted = server.tools.as_ref().map_or("every tool".to_owned(), |globs| listed(globs));
        line(
            "mcp_server",
            name,
            format!("{reached}: {granted}"),
            place(draft, &format!("mcp_servers.{name}")),
        )
    });
    tools.chain(servers)
}

fn approvals(draft: &Draft, layers: &Layers) -> impl Iterator<Item = Line> {
    let own = draft.approvals.iter().map(|approval| {
        let from = approval.place.clone().unwrap_or_else(|| DEFINITION.to_owned());
        line("approval", approval.pattern.to_string(), approval.verdict.as_str(), from)
    });
    let around = [(Layer::Tenant, &layers.tenant), (Layer::Run, &layers.run)].into_iter();
    let around = around.flat_map(move |(layer, overlay)| {
        overlay.approvals.iter().map(move |(pattern, verdict)| {
            line("approval", pattern.to_string(), verdict.as_str(), whence(layers, layer))
        })
    });
    own.chain(around)
}

fn effects(draft: &Draft) -> impl Iterator<Item = Line> {
    let effects = draft.effects.iter();
    effects.map(|effect| {
        line("effect", effect.pattern.to_string(), effect.class.as_str(), place(draft, "effects"))
    })
}

fn capabilities(draft: &Draft) -> impl Iterator<Item = Line> {
    let capabilities = &draft.capabilities;
    let all = [
        ("read", &capabilities.read),
        ("write", &capabilities.write),
        ("commands", &capabilities.commands),
        ("hosts", &capabilities.hosts),
    ];
    let given = all.into_iter().filter_map(|(name, globs)| Some((name, globs.as_ref()?)));
    given.map(|(name, globs)| line("capability", name, listed(globs), place(draft, "capabilities")))
}

fn listed(globs: &[Glob]) -> String {
    match globs {
        [] => "nothing".to_owned(),
        globs => globs.iter().map(Glob::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// What is counted, each with the least of all layers.
fn caps(draft: &Draft, layers: &Layers) -> impl Iterator<Item = Line> {
    let least = |own: Option<u64>, tenant: Option<u64>, run: Option<u64>| {
        let all = [(own, Layer::Agent), (tenant, Layer::Tenant), (run, Layer::Run)];
        all.into_iter().filter_map(|(cap, layer)| Some((cap?, layer))).min()
    };
    let (own, tenant, run) = (draft.budget, layers.tenant.budget, layers.run.budget);
    let steps = [layers.tenant.steps, layers.run.steps].map(|steps| steps.map(u64::from));
    let all = [
        ("limit", "steps", least(Some(draft.bounds.steps.into()), steps[0], steps[1])),
        ("budget", "tokens", least(own.tokens, tenant.tokens, run.tokens)),
        ("budget", "cost in billionths of a dollar", least(own.cost, tenant.cost, run.cost)),
        ("budget", "calls", least(own.calls, tenant.calls, run.calls)),
    ];
    let given = all.into_iter().filter_map(|(what, name, cap)| Some((what, name, cap?)));
    given.map(|(what, name, (cap, layer))| {
        let own = || place(draft, if what == "limit" { "limits" } else { "budget" });
        let from = if layer == Layer::Agent { own() } else { whence(layers, layer) };
        line(what, name, cap.to_string(), from)
    })
}

fn agents(draft: &Draft) -> impl Iterator<Item = Line> {
    draft.agents.iter().map(|(name, agent)| {
        let toolsets = agent.toolsets.iter().map(|toolset| toolset.as_str().to_owned());
        let granted: Vec<String> = toolsets
            .chain(agent.tools.iter().map(|tool| tool.name.clone()))
            .chain(agent.mcp_servers.keys().cloned())
            .collect();
        let granted = if granted.is_empty() { "no tools".to_owned() } else { granted.join(", ") };
        line("agent", name, granted, place(draft, &format!("agents.{name}")))
    })
}
