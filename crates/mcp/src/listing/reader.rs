//! Reads a listing page by page, and judges each tool.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_agent::Glob;
use serde_json::Value;

use super::{Hints, Listing, ToolSpec};
use crate::{evidence::printable, shape};

/// The most tools of one server.
const TOOLS_MAX: usize = 200;

/// The most bytes of one schema.
const SCHEMA_MAX: usize = 64 * 1024;

/// The most characters of one description; more is cut.
const DESCRIPTION_MAX: usize = 4_000;

/// The most characters of a tool's name with its server's, which is what providers of models take.
const NAME_MAX: usize = 64;

/// How many tools that were left out are named.
const NAMED_MAX: usize = 50;

/// A listing that is being read, page by page.
pub(crate) struct Reader<'a> {
    server: &'a str,
    grant: Option<&'a [Glob]>,
    tools: BTreeMap<String, ToolSpec>,
    cursors: BTreeSet<String>,
    left_out: Vec<String>,
    surplus: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(server: &'a str, grant: Option<&'a [Glob]>) -> Self {
        let (tools, cursors) = (BTreeMap::new(), BTreeSet::new());
        Self { server, grant, tools, cursors, left_out: Vec::new(), surplus: 0 }
    }

    /// Takes a page; returns where the next one is.
    pub(crate) fn take(&mut self, page: &Value) -> Result<Option<String>, String> {
        let tools = page.get("tools").and_then(Value::as_array).ok_or("a list of tools without `tools`")?;
        for tool in tools {
            match self.judge(tool) {
                Ok(Some(tool)) => drop(self.tools.insert(tool.name.clone(), tool)),
                Ok(None) => {}
                Err(why) => self.leave_out(why),
            }
        }
        let Some(cursor) = page.get("nextCursor").and_then(Value::as_str) else { return Ok(None) };
        if self.tools.len() >= TOOLS_MAX || self.surplus > 0 {
            self.leave_out(format!("more than {TOOLS_MAX} tools are listed; the rest was not read"));
            return Ok(None);
        }
        if !self.cursors.insert(cursor.to_owned()) {
            self.leave_out("the list runs in circles; its second round was not read".into());
            return Ok(None);
        }
        Ok(Some(cursor.to_owned()))
    }

    /// There are more pages than are read.
    pub(crate) fn give_up(&mut self) {
        self.leave_out("the list has too many pages; the rest was not read".into());
    }

    pub(crate) fn finish(mut self) -> Listing {
        if self.surplus > 0 {
            self.left_out.push(format!("and {} more", self.surplus));
        }
        Listing { tools: self.tools.into_values().collect(), left_out: self.left_out }
    }

    fn leave_out(&mut self, why: String) {
        if self.left_out.len() < NAMED_MAX { self.left_out.push(why) } else { self.surplus += 1 }
    }

    /// The tool, `None` where it is not granted, or why it is left out.
    fn judge(&self, tool: &Value) -> Result<Option<ToolSpec>, String> {
        let own_name = tool.get("name").and_then(Value::as_str).ok_or("a tool has no name")?;
        let because = |why: &str| format!("`{}`: {why}", shown(own_name));
        if self.grant.is_some_and(|grant| !grant.iter().any(|glob| glob.matches(own_name))) {
            return Ok(None);
        }
        let name = self.name(own_name).ok_or_else(|| because("its name is not one that models can use"))?;
        if self.tools.contains_key(&name) {
            return Err(because("another tool has this name"));
        }
        if self.tools.len() >= TOOLS_MAX {
            return Err(because(&format!("more than {TOOLS_MAX} tools are listed")));
        }
        let parameters = tool.get("inputSchema").unwrap_or(&Value::Null);
        if let Some(why) = shape::unusable(parameters) {
            return Err(because(why));
        }
        let output = tool.get("outputSchema").filter(|schema| schema.is_object());
        if [Some(parameters), output].into_iter().flatten().any(|schema| size(schema) > SCHEMA_MAX) {
            return Err(because("its schema is larger than 64 KiB"));
        }
        Ok(Some(ToolSpec {
            name,
            own_name: own_name.to_owned(),
            description: description(tool),
            parameters: parameters.clone(),
            output: output.cloned(),
            hints: tool.get("annotations").map(hints).unwrap_or_default(),
        }))
    }

    /// The name with the server's. Dots and slashes, which MCP has and models have not, become underscores.
    fn name(&self, own_name: &str) -> Option<String> {
        let name = format!("{}__{}", self.server, own_name.replace(['.', '/'], "_"));
        let is_fine = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
        (!own_name.is_empty() && name.len() <= NAME_MAX && name.chars().all(is_fine)).then_some(name)
    }
}

/// A name from a stranger, short and without control characters.
fn shown(name: &str) -> String {
    printable(name).chars().take(NAME_MAX).collect()
}

fn description(tool: &Value) -> String {
    let text = tool.get("description").and_then(Value::as_str).unwrap_or_default();
    printable(text).chars().take(DESCRIPTION_MAX).collect()
}

fn hints(annotations: &Value) -> Hints {
    // Claims of the wrong type are none.
    let claim = |name: &str| annotations.get(name).and_then(Value::as_bool);
    Hints {
        read_only: claim("readOnlyHint"),
        destructive: claim("destructiveHint"),
        idempotent: claim("idempotentHint"),
        open_world: claim("openWorldHint"),
    }
}

fn size(schema: &Value) -> usize {
    schema.to_string().len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(name: &str) -> Value {
        json!({"name": name, "inputSchema": {"type": "object"}})
    }

    fn read(tools: &[Value]) -> Listing {
        let mut reader = Reader::new("s", None);
        reader.take(&json!({"tools": tools})).expect("a page");
        reader.finish()
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.tools.iter().map(|tool| tool.name.as_str()).collect()
    }

    #[test]
    fn what_no_model_can_be_told_of_is_left_out_and_said() {
        let large = json!({"type": "object", "description": "x".repeat(SCHEMA_MAX)});
        let listing = read(&[
            tool("b.c"),
            tool("a"),
            tool("b_c"),
            tool("red\u{1b}[31m"),
            json!({"name": "list", "inputSchema": []}),
            json!({"name": "large", "inputSchema": large}),
            json!({}),
        ]);
        assert_eq!(names(&listing), ["s__a", "s__b_c"]);
        assert_eq!(
            listing.left_out,
            [
                "`b_c`: another tool has this name",
                "`red[31m`: its name is not one that models can use",
                "`list`: its schema is no object",
                "`large`: its schema is larger than 64 KiB",
                "a tool has no name",
            ]
        );
    }

    #[test]
    fn a_list_is_bounded() {
        let many: Vec<_> = (0..1_000).map(|number| tool(&format!("t{number}"))).collect();
        let listing = read(&many);
        assert_eq!((listing.tools.len(), listing.left_out.len()), (TOOLS_MAX, NAMED_MAX + 1));
        assert_eq!(listing.left_out.last().expect("some"), "and 750 more");
    }

    #[test]
    fn a_list_that_runs_in_circles_is_read_once() {
        let mut reader = Reader::new("s", None);
        let page = json!({"tools": [tool("a")], "nextCursor": "x"});
        assert_eq!(reader.take(&page), Ok(Some("x".into())));
        assert_eq!(reader.take(&json!({"tools": [], "nextCursor": "x"})), Ok(None));
        assert_eq!(reader.finish().left_out, ["the list runs in circles; its second round was not read"]);
    }

    #[test]
    fn what_is_not_granted_is_not_there() {
        let grant = [Glob::literal("a")];
        let mut reader = Reader::new("s", Some(&grant));
        reader.take(&json!({"tools": [tool("a"), tool("b")]})).expect("a page");
        let listing = reader.finish();
        assert_eq!((names(&listing), listing.left_out.len()), (vec!["s__a"], 0));
    }
}
