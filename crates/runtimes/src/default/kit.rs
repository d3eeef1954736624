//! The tools of a turn: what the model is told of them, and what keeps a wrong call from reaching one.

use mainspring_agent::JsonSchema;
use mainspring_types::nearest;
use serde_json::{Map, Value};

use super::{ToolSpec, structure::told};

/// The tools that can be called, in the order of the brief.
#[derive(Debug, Default)]
pub(super) struct Kit {
    tools: Vec<(ToolSpec, JsonSchema)>,
}

/// What keeps a call from reaching a tool, in words for the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wrong {
    /// The agent was not given a tool of that name.
    Tool(String),
    /// The tool takes other arguments.
    Arguments(String),
}

impl Kit {
    /// The tools, and a sentence for each that is left out.
    ///
    /// A tool whose schema is none would make providers refuse every request: it is kept from the model instead.
    pub(super) fn of(specs: Vec<ToolSpec>) -> (Self, Vec<String>) {
        let mut kit = Self::default();
        let mut left_out = Vec::new();
        for spec in specs {
            match kit.accept(&spec) {
                Ok(schema) => kit.tools.push((spec, schema)),
                Err(why) => left_out.push(format!("the tool `{}` is left out: {why}", spec.name)),
            }
        }
        (kit, left_out)
    }

    fn accept(&self, spec: &ToolSpec) -> Result<JsonSchema, String> {
        if self.tools.iter().any(|(known, _)| known.name == spec.name) {
            return Err("another tool has the same name".to_owned());
        }
        if !spec.parameters.is_object() {
            return Err("the schema of its arguments is no object".to_owned());
        }
        JsonSchema::read(&spec.parameters)
            .map_err(|wrong| format!("the schema of its arguments is wrong: {}", told(&wrong).join("; ")))
    }

    /// What the model is told of them.
    pub(super) fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|(spec, _)| spec.clone()).collect()
    }

    /// Whether the tool exists and can be called so.
    pub(super) fn check(&self, name: &str, arguments: &Value) -> Result<(), Wrong> {
        let Some((_, schema)) = self.tools.iter().find(|(spec, _)| spec.name == name) else {
            return Err(Wrong::Tool(self.unknown(name)));
        };
        let mistakes = match arguments {
            Value::Object(_) => told(&schema.mismatches(arguments)),
            Value::String(_) => vec!["they are not a JSON object; the call may have been cut off".to_owned()],
            _ => vec!["they are not a JSON object".to_owned()],
        };
        if mistakes.is_empty() {
            return Ok(());
        }
        let mistakes = mistakes.join("\n- ");
        Err(Wrong::Arguments(format!(
            "`{name}` was not called, since its arguments are wrong:\n- {mistakes}"
        )))
    }

    fn unknown(&self, name: &str) -> String {
        let names = || self.tools.iter().map(|(spec, _)| spec.name.as_str());
        if self.tools.is_empty() {
            return format!("there is no tool `{name}`: there are no tools here");
        }
        let near = nearest(name, names()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let known: Vec<_> = names().map(|known| format!("`{known}`")).collect();
        format!("there is no tool `{name}`{near}\nthe tools are {}", known.join(", "))
    }
}

/// What a call without arguments means: some models write nothing where they mean an empty object.
pub(super) fn arguments(written: Value) -> Value {
    match written {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        written => written,
    }
}
