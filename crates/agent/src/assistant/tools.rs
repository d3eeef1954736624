//! Tools beyond the built-in ones: programs of the author's, and MCP servers.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::EffectClass;
use crate::millis;
use crate::policy::Glob;

/// A tool that is a program in the definition's folder.
///
/// It reads its arguments as one JSON object on its standard input and answers on its standard output.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomTool {
    /// The name the model calls it by.
    pub name: String,
    /// What the model is told of it.
    pub description: String,
    /// The JSON Schema of its arguments; of type object.
    pub parameters: Value,
    /// The program and its arguments.
    pub run: Vec<String>,
    /// What a call may do to the world.
    pub class: EffectClass,
    /// How long a call may take, in place of [`Bounds::tool_timeout`](super::Bounds).
    #[serde(
        rename = "timeout_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis::optional"
    )]
    pub timeout: Option<Duration>,
    /// The program that tells what became of a call whose end is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Vec<String>>,
    /// Variables of its environment, laid over those of the assistant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// A server of the Model Context Protocol.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpServer {
    /// How it is reached.
    pub transport: Transport,
    /// Which of its tools are granted, by their own names; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Glob>>,
    /// What calls of its tools may do to the world; of several patterns that fit, the gravest class counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<Glob, EffectClass>,
    /// How long a call may take, in place of [`Bounds::tool_timeout`](super::Bounds).
    #[serde(
        rename = "timeout_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis::optional"
    )]
    pub timeout: Option<Duration>,
}

/// How an MCP server is reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Transport {
    /// A program that speaks on its standard streams.
    Stdio {
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables of its environment, laid over those of the assistant.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        env: BTreeMap<String, String>,
    },
    /// A server that answers at an address.
    Http {
        /// Its address.
        url: String,
        /// Headers of every request.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
}
