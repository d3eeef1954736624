//! Which tools an assistant has, and what each is.

use mainspring_types::nearest;

use super::unit::Named;
use crate::assistant::{Assistant, CustomTool, EffectClass, McpServer};
use crate::toolset::{BuiltIn, Subject};

/// What stands between the server and the tool in the name of an MCP tool.
pub(crate) const SERVER_SEAM: &str = "__";

/// A tool that is granted.
#[derive(Clone, Copy)]
pub(super) enum Grant<'a> {
    BuiltIn(&'static BuiltIn),
    Custom(&'a CustomTool),
    Remote { server: &'a str, entry: &'a McpServer, tool: &'a str },
}

impl<'a> Grant<'a> {
    /// The tool of that name, if it is granted.
    pub(super) fn find(assistant: &'a Assistant, name: &'a str) -> Option<Self> {
        if let Some(tool) = BuiltIn::find(name) {
            return assistant.toolsets.contains(&tool.toolset).then_some(Self::BuiltIn(tool));
        }
        if let Some(tool) = assistant.tools.iter().find(|tool| tool.name == name) {
            return Some(Self::Custom(tool));
        }
        // The names of servers hold no seam, those of their tools may.
        let (server, tool) = name.split_once(SERVER_SEAM)?;
        let (server, entry) = assistant.mcp_servers.get_key_value(server)?;
        let granted = entry.tools.as_ref().is_none_or(|globs| globs.iter().any(|glob| glob.matches(tool)));
        granted.then_some(Self::Remote { server, entry, tool })
    }

    /// The call as rules name it.
    pub(super) fn named(self, name: &'a str) -> Named<'a> {
        let group = match self {
            Self::BuiltIn(tool) => Some(tool.toolset.as_str()),
            Self::Custom(_) => None,
            Self::Remote { server, .. } => Some(server),
        };
        Named { tool: name, group }
    }

    pub(super) fn subject(self) -> Option<Subject> {
        match self {
            Self::BuiltIn(tool) => tool.subject,
            Self::Custom(_) | Self::Remote { .. } => None,
        }
    }

    /// What a call may do to the world, before the definition's `effects`.
    pub(super) fn class(self) -> EffectClass {
        match self {
            Self::BuiltIn(tool) => tool.class,
            Self::Custom(tool) => tool.class,
            Self::Remote { entry, tool, .. } => {
                let fitting = entry.classes.iter().filter(|(glob, _)| glob.matches(tool));
                fitting.map(|(_, class)| *class).max().unwrap_or(EffectClass::Irreversible)
            }
        }
    }

    /// What grants it.
    pub(super) fn source(self) -> String {
        match self {
            Self::BuiltIn(tool) => format!("granted by the toolset `{}`", tool.toolset),
            Self::Custom(_) => "granted by `tools`".to_owned(),
            Self::Remote { server, .. } => format!("granted by the MCP server `{server}`"),
        }
    }
}

/// Why a tool of that name cannot be called, with the names that can.
pub(super) fn not_granted(assistant: &Assistant, name: &str) -> String {
    let built_in =
        assistant.toolsets.iter().flat_map(|toolset| toolset.tools()).map(|tool| tool.name.to_owned());
    let custom = assistant.tools.iter().map(|tool| tool.name.clone());
    let remote = assistant.mcp_servers.keys().map(|server| format!("{server}{SERVER_SEAM}*"));
    let granted: Vec<String> = built_in.chain(custom).chain(remote).collect();
    let available = if granted.is_empty() { "no tool".to_owned() } else { granted.join(", ") };
    let meant = match nearest(name, granted.iter().map(String::as_str)) {
        Some(near) => format!(" (did you mean `{near}`?)"),
        None => String::new(),
    };
    format!("`{name}` is not granted{meant}; available: {available}")
}
