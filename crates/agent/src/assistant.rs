//! An assistant: an agent whose only code is ours, a model in a loop with the tools that its definition grants.
//!
//! Stored in the plan of a run for ever: a field is never renamed or removed here, and a record with a field this
//! version does not know refuses to open. What an assistant may do is decided by [`Policy`](crate::Policy).

mod bounds;
mod model;
mod overlay;
mod rules;
pub(crate) mod secret;
mod tools;

use std::collections::{BTreeMap, BTreeSet};

use mainspring_types::AgentName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::Limits;
use crate::toolset::Toolset;

pub use bounds::{Bounds, BudgetAsk, Mode, SessionPolicy};
pub use model::{ModelName, ModelOptions, ParseModelError, Thinking};
pub use overlay::Overlay;
pub(crate) use overlay::is_of_server;
pub use rules::{
    Approval, Capabilities, EffectClass, EffectRule, Escalation, Fallback, GatePolicy, Layer, Verdict,
};
pub use tools::{CustomTool, McpServer, Transport};

/// A model, what it is told, and what it may use.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assistant<M = ModelName> {
    /// The agent's name; a sub-agent has the one its parent calls it by.
    pub name: AgentName,
    /// What it is for; the model of its parent is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The model that answers.
    pub model: M,
    /// What the model is told before anything else.
    pub instructions: String,
    /// How the model answers.
    #[serde(default)]
    pub options: ModelOptions,
    /// The built-in tools granted, by toolset.
    #[serde(default)]
    pub toolsets: BTreeSet<Toolset>,
    /// The tools its author brings, each under its own name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<CustomTool>,
    /// The MCP servers it may use; a tool of one is called `SERVER__TOOL`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mcp_servers: BTreeMap<String, McpServer>,
    /// Which calls are allowed, asked about or denied, of every layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// What a call may do to the world, where it differs from what the tool says of itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<EffectRule>,
    /// What granted tools may be used on.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How long a person is waited for, and what follows.
    #[serde(default)]
    pub gates: GatePolicy,
    /// How far one turn may go.
    #[serde(default)]
    pub bounds: Bounds,
    /// What a run may use of its models.
    #[serde(default)]
    pub budget: BudgetAsk,
    /// What follows the first answer.
    #[serde(default)]
    pub session: SessionPolicy,
    /// The JSON Schema that the final answer keeps to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The sub-agents that `task` may call, by the name it calls them by.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, Assistant<M>>,
    /// What the kernel holds tool processes to.
    #[serde(default)]
    pub limits: Limits,
    /// Variables of tool processes and of MCP servers that are programs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Where it was written, as `FILE:LINE`: fields by their names, what they list as `toolsets.NAME`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, String>,
}

/// An assistant as its definition says it: its model may still come from a layer around it.
pub type Draft = Assistant<Option<ModelName>>;
