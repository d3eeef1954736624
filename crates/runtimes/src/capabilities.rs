//! What each runtime can do, as a plain table: asked before an agent is run with it, and shown to people.

use serde::{Deserialize, Serialize};

/// A way of running agents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// Our own loop over a model and its tools.
    Default,
    /// A package whose methods are called.
    Package,
    /// A plain Python program.
    Script,
    /// A program of any kind.
    Command,
}

/// What a runtime can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Capabilities {
    /// What is seen of an answer before it is whole.
    pub streaming: Streaming,
    /// Who runs the agent's tools.
    pub tools: Tools,
    /// Who speaks to MCP servers.
    pub mcp: Tools,
    /// The gentlest way to end it.
    pub cancel: Cancel,
    /// Whether it knows what was said before.
    pub history: History,
    /// Whether it takes pictures.
    pub vision: Vision,
    /// Tokens its model sees unless the definition says otherwise; `None` where the program decides.
    pub context_tokens: Option<u64>,
    /// What is kept of an attempt that was lost.
    pub assurance: Assurance,
}

/// What is seen of an answer before it is whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Streaming {
    /// Text, thinking and tool calls while they come.
    Pieces,
    /// The program's log; its answer only at the end.
    Log,
}

/// Who runs tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tools {
    /// The broker: journaled, under the definition's rules, with gates.
    Brokered,
    /// The program itself, unseen.
    Own,
}

/// The gentlest way to end what is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// The turn ends and the conversation goes on.
    Interrupt,
    /// The program is asked to stop, then killed.
    Stop,
}

/// Whether a runtime knows what was said before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// The turns of a session.
    Session,
    /// Each run begins anew.
    None,
}

/// Whether a runtime takes pictures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vision {
    /// In messages, if the model does.
    Messages,
    /// Only what the program reads itself.
    None,
}

/// What is kept of an attempt that was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// Every model and tool call: the next attempt goes on where the last one was.
    Replay,
    /// Model calls: the program begins anew.
    Restart,
}

impl Runtime {
    /// Every runtime.
    pub const ALL: &[Self] = &[Self::Default, Self::Package, Self::Script, Self::Command];

    /// What it can do.
    pub fn capabilities(self) -> Capabilities {
        match self {
            Self::Default => Capabilities {
                streaming: Streaming::Pieces,
                tools: Tools::Brokered,
                mcp: Tools::Brokered,
                cancel: Cancel::Interrupt,
                history: History::Session,
                vision: Vision::Messages,
                context_tokens: Some(mainspring_agent::Bounds::default().context_tokens),
                assurance: Assurance::Replay,
            },
            Self::Package | Self::Script | Self::Command => Capabilities {
                streaming: Streaming::Log,
                tools: Tools::Own,
                mcp: Tools::Own,
                cancel: Cancel::Stop,
                history: History::None,
                vision: Vision::None,
                context_tokens: None,
                assurance: Assurance::Restart,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_as_it_is_shown() {
        let shown = |runtime: &Runtime| {
            serde_json::to_string(&(runtime, runtime.capabilities())).expect("a table is JSON")
        };
        let table: Vec<_> = Runtime::ALL.iter().map(shown).collect();
        insta::assert_snapshot!(table.join("\n"), @r#"
        ["default",{"streaming":"pieces","tools":"brokered","mcp":"brokered","cancel":"interrupt","history":"session","vision":"messages","context_tokens":128000,"assurance":"replay"}]
        ["package",{"streaming":"log","tools":"own","mcp":"own","cancel":"stop","history":"none","vision":"none","context_tokens":null,"assurance":"restart"}]
        ["script",{"streaming":"log","tools":"own","mcp":"own","cancel":"stop","history":"none","vision":"none","context_tokens":null,"assurance":"restart"}]
        ["command",{"streaming":"log","tools":"own","mcp":"own","cancel":"stop","history":"none","vision":"none","context_tokens":null,"assurance":"restart"}]
        "#);
    }
}
