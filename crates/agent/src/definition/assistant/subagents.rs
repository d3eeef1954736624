//! Reads the sub-agents of an assistant, which have at most what it has.

use std::collections::BTreeSet;

use mainspring_types::{AgentName, Code, Problem, nearest};

use super::{grants, rules, terms};
use crate::assistant::{BudgetAsk, Capabilities, Draft};
use crate::fields::{Field, Fields};
use crate::policy::{Glob, covered};
use crate::toolset::Toolset;

use super::super::limits;

/// The draft with its `agents`.
pub(super) fn read(fields: &mut Fields<'_>, mut draft: Draft) -> Draft {
    let agents = fields.optional("agents");
    let may_call = draft.toolsets.contains(&Toolset::Task);
    match &agents {
        Some(field) if !may_call => {
            let problem = Problem::new(Code::InvalidManifest, format!("`{}` cannot be called", field.path()));
            field.refuse_key(problem.suggest("add `task` to `toolsets`"));
        }
        None if may_call => {
            let problem =
                Problem::new(Code::InvalidManifest, "`task` is granted, and there is no agent to call");
            fields.refuse(problem.suggest("add `agents:`, or leave `task` out of `toolsets`"));
        }
        _ => {}
    }
    for (name, field) in agents.iter().filter_map(Field::fields).flat_map(Fields::all) {
        if let Some(agent) = agent(name, &field, &draft) {
            draft.places.insert(format!("agents.{name}"), field.written_at());
            draft.agents.insert(name.to_owned(), agent);
        }
    }
    draft
}

/// One sub-agent; what it does not say is as with its parent, except for grants: it has none that it does not list.
fn agent(name: &str, field: &Field<'_>, parent: &Draft) -> Option<Draft> {
    let named = AgentName::new(name)
        .map_err(|error| field.refuse_key(Problem::new(Code::InvalidManifest, error.to_string())))
        .ok();
    let mut fields = field.fields()?;
    let instructions = fields.required("instructions").and_then(|field| field.text());
    let mut draft = granted(&mut fields, parent);
    draft.description = fields.optional("description").and_then(|field| field.text());
    draft.model = fields.optional("model").and_then(|field| terms::model(&field));
    draft.options = fields.optional("model_options").map_or(parent.options, |field| terms::options(&field));
    draft.output = fields.optional("output").and_then(|field| terms::schema(&field));
    draft.bounds =
        fields.optional("limits").map_or(parent.bounds, |field| limits::read_bounds(&field, parent.bounds));
    draft.capabilities = fields.optional("capabilities").map_or_else(
        || parent.capabilities.clone(),
        |field| capabilities(&field, &draft.toolsets, &parent.capabilities),
    );
    draft.budget = fields.optional("budget").map_or(parent.budget, |field| budget(&field, parent.budget));
    draft.approvals =
        fields.optional("approvals").map(|field| rules::approvals(&field, &draft)).unwrap_or_default();
    draft = Draft {
        gates: parent.gates.clone(),
        effects: parent.effects.clone(),
        limits: parent.limits,
        env: parent.env.clone(),
        ..draft
    };
    draft = read(&mut fields, draft);
    fields.refuse_rest();
    Some(Draft { name: named?, instructions: instructions?, ..draft })
}

/// What is granted, of what the parent has.
fn granted(fields: &mut Fields<'_>, parent: &Draft) -> Draft {
    let mut draft = grants::empty();
    if let Some(field) = fields.optional("toolsets") {
        draft.toolsets = grants::toolsets(&field, &mut draft.places);
        for item in field.items().unwrap_or_default() {
            let toolset = item.json();
            let toolset = toolset.as_str().unwrap_or_default();
            let had: Vec<&str> = parent.toolsets.iter().map(|toolset| toolset.as_str()).collect();
            if Toolset::WORDS.iter().any(|(word, _)| *word == toolset) && !had.contains(&toolset) {
                exceeds(&item, &format!("the toolset `{toolset}`"), &had);
            }
        }
    }
    let tools: Vec<&str> = parent.tools.iter().map(|tool| tool.name.as_str()).collect();
    for (name, place) in
        fields.optional("tools").map(|field| chosen(&field, "tool", &tools)).unwrap_or_default()
    {
        draft.tools.extend(parent.tools.iter().find(|tool| tool.name == name).cloned());
        draft.places.insert(format!("tools.{name}"), place);
    }
    let servers: Vec<&str> = parent.mcp_servers.keys().map(String::as_str).collect();
    let chosen = fields.optional("mcp_servers").map(|field| chosen(&field, "MCP server", &servers));
    for (name, place) in chosen.unwrap_or_default() {
        draft
            .mcp_servers
            .extend(parent.mcp_servers.get_key_value(&name).map(|(name, it)| (name.clone(), it.clone())));
        draft.places.insert(format!("mcp_servers.{name}"), place);
    }
    draft
}

/// Names of a list that the parent has, with their places.
fn chosen(field: &Field<'_>, what: &str, had: &[&str]) -> Vec<(String, String)> {
    let items = field.items().unwrap_or_default();
    let of_parent = |item: &Field<'_>| {
        let name = item.text()?;
        if !had.contains(&name.as_str()) {
            exceeds(item, &format!("the {what} `{name}`"), had);
            return None;
        }
        Some((name, item.written_at()))
    };
    items.iter().filter_map(of_parent).collect()
}

fn capabilities(field: &Field<'_>, granted: &BTreeSet<Toolset>, parent: &Capabilities) -> Capabilities {
    let own = rules::capabilities(field, granted);
    let check = |name: &str, own: Option<Vec<Glob>>, had: &Option<Vec<Glob>>| {
        if let Some(had) = had {
            for (at, glob) in own.iter().flatten().enumerate().filter(|(_, glob)| !covered(glob, had)) {
                let had: Vec<&str> = had.iter().map(Glob::as_str).collect();
                exceeds(&field.within(&format!("/{name}/{at}")), &format!("`{glob}`"), &had);
            }
        }
        own.or_else(|| had.clone())
    };
    Capabilities {
        read: check("read", own.read, &parent.read),
        write: check("write", own.write, &parent.write),
        commands: check("commands", own.commands, &parent.commands),
        hosts: check("hosts", own.hosts, &parent.hosts),
    }
}

fn budget(field: &Field<'_>, parent: BudgetAsk) -> BudgetAsk {
    let own = terms::budget(field);
    let check = |name: &str, own: Option<u64>, had: Option<u64>| {
        if let (Some(own), Some(had)) = (own, had)
            && own > had
        {
            let place = field.within(&format!("/{name}"));
            place.refused::<()>(format!("`{}` is more than its parent has", place.path()));
        }
        own.or(had)
    };
    BudgetAsk {
        tokens: check("tokens", own.tokens, parent.tokens),
        cost: check("cost", own.cost, parent.cost),
        calls: check("calls", own.calls, parent.calls),
    }
}

/// Reports that a sub-agent is to have what its parent has not.
fn exceeds(item: &Field<'_>, what: &str, had: &[&str]) {
    let message = format!("`{}` gives {what}, which the parent has not", item.path());
    let problem = Problem::new(Code::InvalidManifest, message);
    let name = item.json();
    let near = name.as_str().and_then(|name| nearest(name, had.iter().copied()));
    item.refuse(match (near, had) {
        (Some(meant), _) => problem.suggest(format!("did you mean `{meant}`?")),
        (None, []) => problem.suggest("the parent has none"),
        (None, had) => problem.suggest(format!("the parent has: {}", had.join(", "))),
    });
}
