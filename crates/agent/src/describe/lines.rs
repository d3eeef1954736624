//! What an assistant is given and held to, line by line, and where each line comes from.

mod terms;

use serde::{Deserialize, Serialize};

use crate::assistant::{Assistant, Draft, EffectClass, Layer, Transport};
use crate::policy::Glob;
use crate::prepare::Layers;
use crate::toolset::Toolset;

/// One thing that holds for an assistant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// What it is of: `model`, `instructions`, `option`, `toolset`, `tool`, `mcp_server`, `agent`, `approval`, `effect`,
    /// `capability`, `gate`, `session`, `output`, `limit` or `budget`.
    pub what: String,
    /// Its name.
    pub name: String,
    /// What holds.
    pub value: String,
    /// Where it comes from: `FILE:LINE`, the layer, or `default` where nobody says it.
    pub from: String,
}

/// Where a line stands that nobody wrote.
const DEFAULT: &str = "default";

/// Everything that holds once the layers are laid over the draft: what it is, what it is granted, what it is held to.
pub(super) fn of(draft: &Draft, layers: &Layers) -> Vec<Line> {
    let told = [model(draft, layers), instructions(draft)].into_iter().chain(terms::options(draft));
    let granted = toolsets(draft, layers).chain(grants(draft)).chain(agents(draft));
    let held = approvals(draft, layers).chain(effects(draft)).chain(capabilities(draft));
    let held = held.chain(terms::gates(draft)).chain(terms::session(draft)).chain(terms::output(draft));
    told.chain(granted).chain(held).chain(terms::caps(draft, layers)).collect()
}

fn line(what: &str, name: impl Into<String>, value: impl Into<String>, from: impl Into<String>) -> Line {
    Line { what: what.to_owned(), name: name.into(), value: value.into(), from: from.into() }
}

/// The layer's place, or what it is.
fn whence(layers: &Layers, layer: Layer) -> String {
    let (place, name) = match layer {
        Layer::Agent => (None, DEFAULT),
        Layer::Tenant => (layers.tenant.place.as_ref(), "settings of the tenant"),
        Layer::Run => (layers.run.place.as_ref(), "the run"),
    };
    place.map_or_else(|| name.to_owned(), |place| format!("{name} ({place})"))
}

fn place<M>(assistant: &Assistant<M>, key: &str) -> String {
    assistant.places.get(key).cloned().unwrap_or_else(|| DEFAULT.to_owned())
}

fn model(draft: &Draft, layers: &Layers) -> Line {
    let own = draft.model.as_ref().map(|model| (model, place(draft, "model")));
    let of_run = layers.run.model.as_ref().map(|model| (model, whence(layers, Layer::Run)));
    let of_tenant = layers.tenant.model.as_ref().map(|model| (model, whence(layers, Layer::Tenant)));
    match of_run.or(own).or(of_tenant) {
        Some((model, from)) => line("model", "", model.to_string(), from),
        None => line("model", "", "none: set `model` here or in config.toml", DEFAULT),
    }
}

/// The first line of what the model is told.
fn instructions(draft: &Draft) -> Line {
    let mut lines = draft.instructions.trim().lines();
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    line("instructions", "", format!("{first}{more}"), place(draft, "instructions"))
}

/// The toolsets, a line for each class of their tools.
fn toolsets(draft: &Draft, layers: &Layers) -> impl Iterator<Item = Line> {
    draft.toolsets.iter().flat_map(|toolset| {
        let taken = [(Layer::Tenant, &layers.tenant), (Layer::Run, &layers.run)];
        let taken = taken.iter().find(|(_, overlay)| overlay.denied_toolsets.contains(toolset));
        if let Some((layer, _)) = taken {
            return vec![line("toolset", toolset.as_str(), "taken away", whence(layers, *layer))];
        }
        let from = place(draft, &format!("toolsets.{toolset}"));
        classes(*toolset).map(|tools| line("toolset", toolset.as_str(), tools, &from)).collect()
    })
}

/// The tools of a toolset by their class, such as `read_file, list_files (pure)`.
fn classes(toolset: Toolset) -> impl Iterator<Item = String> {
    EffectClass::WORDS.iter().filter_map(move |(word, class)| {
        let tools = toolset.tools().filter(|tool| tool.class == *class);
        let names: Vec<&str> = tools.map(|tool| tool.name).collect();
        (!names.is_empty()).then(|| format!("{} ({word})", names.join(", ")))
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
        let from = approval.place.clone().unwrap_or_else(|| DEFAULT.to_owned());
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
