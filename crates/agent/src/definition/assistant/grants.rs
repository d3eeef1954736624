//! Reads what is granted: toolsets, the author's tools and MCP servers.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use mainspring_types::AgentName;

use super::{servers, tools};
use crate::assistant::{
    Assistant, Bounds, BudgetAsk, Capabilities, Draft, GatePolicy, ModelOptions, SessionPolicy,
};
use crate::fields::{Field, Fields};
use crate::plan::Limits;
use crate::toolset::Toolset;

/// The fields whose places are kept, beside those that list what is granted.
const PLACED: [&str; 10] = [
    "model",
    "model_options",
    "instructions",
    "effects",
    "capabilities",
    "gates",
    "session",
    "output",
    "limits",
    "budget",
];

/// A draft that has what is granted and nothing else.
pub(super) fn read(fields: &mut Fields<'_>, folder: &Path) -> Draft {
    let mut draft = empty();
    for name in PLACED {
        draft.places.extend(fields.optional(name).map(|field| (name.to_owned(), field.written_at())));
    }
    if let Some(field) = fields.optional("toolsets") {
        draft.toolsets = toolsets(&field, &mut draft.places);
    }
    if let Some(field) = fields.optional("tools") {
        draft.tools = tools::read(&field, folder, &mut draft.places);
    }
    if let Some(field) = fields.optional("mcp_servers") {
        draft.mcp_servers = servers::read(&field, &draft.tools, &mut draft.places);
    }
    draft
}

/// The toolsets by their words, each once.
pub(super) fn toolsets(field: &Field<'_>, places: &mut BTreeMap<String, String>) -> BTreeSet<Toolset> {
    let mut granted = BTreeSet::new();
    for item in field.items().unwrap_or_default() {
        let Some(toolset) = item.one_of(Toolset::WORDS) else { continue };
        if !granted.insert(toolset) {
            item.refused::<()>(format!("`{}` names `{toolset}` a second time", item.path()));
        }
        places.insert(format!("toolsets.{toolset}"), item.written_at());
    }
    granted
}

pub(super) fn empty() -> Draft {
    Assistant {
        name: AgentName::new("unnamed").expect("a name"),
        description: None,
        model: None,
        instructions: String::new(),
        options: ModelOptions::default(),
        toolsets: BTreeSet::new(),
        tools: Vec::new(),
        mcp_servers: BTreeMap::new(),
        approvals: Vec::new(),
        effects: Vec::new(),
        capabilities: Capabilities::default(),
        gates: GatePolicy::default(),
        bounds: Bounds::default(),
        budget: BudgetAsk::default(),
        session: SessionPolicy::default(),
        output: None,
        agents: BTreeMap::new(),
        limits: Limits::default(),
        env: BTreeMap::new(),
        places: BTreeMap::new(),
    }
}
