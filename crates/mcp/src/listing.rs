//! The tools a server lists, as far as a model can be told of them.
//!
//! A listing is bounded however long the server goes on, its tools stand in the order of their names, and what was left
//! out is said. It is data: whoever repeats a turn elsewhere gives the listing of the first time to
//! [`Servers::pin`](crate::Servers::pin).

mod reader;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use reader::Reader;

/// Tools of one server.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Listing {
    /// Those a model can be told of, by name.
    pub tools: Vec<ToolSpec>,
    /// One sentence for each tool that was left out, and why. What is not granted is not mentioned.
    pub left_out: Vec<String>,
}

/// One tool of a server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ToolSpec {
    /// What the model calls it by: `SERVER__TOOL`.
    pub name: String,
    /// What the server calls it by.
    pub own_name: String,
    /// What the server says it does, without control characters.
    pub description: String,
    /// The JSON Schema of its arguments; of type object.
    pub parameters: Value,
    /// The JSON Schema of its structured results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// What the server claims of its effects.
    #[serde(default)]
    pub hints: Hints,
}

/// What a server claims of a tool. Nothing holds it to that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hints {
    /// It changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// It may destroy what was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// A second call with the same arguments changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// It deals with the world outside its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

/// What became of a list of tools.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Tools that are new.
    pub came: Vec<String>,
    /// Tools that are no more.
    pub went: Vec<String>,
    /// Tools that take, answer or say something else now.
    pub altered: Vec<String>,
}

impl Listing {
    /// The tool of this name, with or without the server's.
    pub(crate) fn find(&self, name: &str) -> Option<&ToolSpec> {
        self.tools.iter().find(|tool| tool.name == name || tool.own_name == name)
    }

    /// What is different in `newer`.
    pub(crate) fn changes(&self, newer: &Self) -> Changes {
        let by_name = |listing: &Self| -> BTreeMap<String, ToolSpec> {
            listing.tools.iter().map(|tool| (tool.name.clone(), tool.clone())).collect()
        };
        let (old, new) = (by_name(self), by_name(newer));
        let names = |all: &BTreeMap<String, ToolSpec>, other: &BTreeMap<String, ToolSpec>| {
            all.keys().filter(|name| !other.contains_key(*name)).cloned().collect()
        };
        let altered = old.iter().filter(|(name, tool)| new.get(*name).is_some_and(|now| now != *tool));
        Changes {
            came: names(&new, &old),
            went: names(&old, &new),
            altered: altered.map(|(name, _)| name.clone()).collect(),
        }
    }
}

impl Changes {
    /// Whether all is as it was.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str, description: &str) -> ToolSpec {
        ToolSpec {
            name: format!("s__{name}"),
            own_name: name.into(),
            description: description.into(),
            parameters: Value::Null,
            output: None,
            hints: Hints::default(),
        }
    }

    #[test]
    fn what_came_and_went_is_told() {
        let listing = |tools| Listing { tools, left_out: Vec::new() };
        let before = listing(vec![tool("a", ""), tool("c", "")]);
        let after = listing(vec![tool("b", ""), tool("c", "new")]);
        let one = |name: &str| vec![name.to_owned()];
        assert_eq!(
            before.changes(&after),
            Changes { came: one("s__b"), went: one("s__a"), altered: one("s__c") }
        );
        assert!(before.changes(&before).is_empty());
    }
}
