//! What the loop is told once, before the first turn: the model, its instructions, its tools and how far it may go.

use mainspring_agent::{Assistant, Bounds, ModelOptions, Toolset, built_ins};
use serde_json::{Value, json};

use super::ToolSpec;

/// The most characters of a sub-agent's instructions that its parent is told.
const PURPOSE_CHARS_MAX: usize = 200;

/// All that decides a turn, beside the conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct Brief {
    /// The model as its provider calls it.
    pub model: String,
    /// What the model is told before the conversation.
    pub instructions: String,
    /// How it is to answer.
    pub options: ModelOptions,
    /// The tools it may call, each under its own name.
    pub tools: Vec<ToolSpec>,
    /// How far a turn may go.
    pub bounds: Bounds,
    /// The JSON Schema of the final answer; text when absent.
    pub output: Option<Value>,
    /// How many turns of the past the model sees; all of them when absent.
    pub history_turns: Option<u32>,
}

impl Brief {
    /// The brief of an assistant whose MCP servers offer the tools `served`, each called `SERVER__TOOL`.
    ///
    /// Tools stand in the order of their kinds and names, whatever order servers list them in.
    pub fn of(assistant: &Assistant, mut served: Vec<ToolSpec>) -> Self {
        served.sort_by(|one, other| one.name.cmp(&other.name));
        let custom = assistant.tools.iter().map(|tool| ToolSpec {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        });
        Self {
            model: assistant.model.model.clone(),
            instructions: assistant.instructions.clone(),
            options: assistant.options,
            tools: built_in(assistant).chain(custom).chain(served).collect(),
            bounds: assistant.bounds,
            output: assistant.output.clone(),
            history_turns: assistant.session.history_turns,
        }
    }

    /// The instructions as they are sent: with the schema of the answer, which not every provider takes beside them.
    pub(super) fn told(&self) -> String {
        let Some(schema) = &self.output else { return self.instructions.clone() };
        let rule = format!(
            "Your final answer is one JSON document that is valid against this JSON Schema, without any text \
             before or after it:\n{schema}"
        );
        if self.instructions.is_empty() { rule } else { format!("{}\n\n{rule}", self.instructions) }
    }
}

/// The built-in tools that are granted; without sub-agents there is nobody to give a task to.
fn built_in(assistant: &Assistant) -> impl Iterator<Item = ToolSpec> {
    let granted = built_ins().iter().filter(|tool| assistant.toolsets.contains(&tool.toolset));
    granted.filter(|tool| tool.toolset != Toolset::Task || !assistant.agents.is_empty()).map(|tool| {
        let mut spec = ToolSpec {
            name: tool.name.to_owned(),
            description: tool.description.to_owned(),
            parameters: tool.parameters.clone(),
        };
        if tool.toolset == Toolset::Task {
            name_agents(&mut spec, assistant);
        }
        spec
    })
}

/// Tells who the sub-agents are, and that there are no others.
fn name_agents(spec: &mut ToolSpec, assistant: &Assistant) {
    let lines = assistant.agents.iter().map(|(name, agent)| {
        let first = agent.instructions.lines().next().unwrap_or_default();
        let purpose: String = first.chars().take(PURPOSE_CHARS_MAX).collect();
        format!("- `{name}`: {purpose}")
    });
    let lines: Vec<_> = lines.collect();
    spec.description = format!("{}\nThe sub-agents are:\n{}", spec.description, lines.join("\n"));
    let names: Vec<_> = assistant.agents.keys().collect();
    spec.parameters["properties"]["agent"]["enum"] = json!(names);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assistant(more: &Value) -> Assistant {
        let mut text = json!({"name": "a", "model": "openai/m", "instructions": "Help."});
        let fields = text.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        serde_json::from_value(text).expect("it is an assistant")
    }

    fn served(name: &str) -> ToolSpec {
        ToolSpec { name: name.to_owned(), description: String::new(), parameters: json!({}) }
    }

    #[test]
    fn tools_are_those_granted_in_an_order_of_their_own() {
        let assistant = assistant(&json!({"toolsets": ["task", "shell", "ask_user"]}));
        let brief = Brief::of(&assistant, vec![served("s__b"), served("s__a")]);
        let names: Vec<_> = brief.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(names, ["shell", "ask_user", "s__a", "s__b"]);
        assert_eq!(brief.model, "m");
    }

    #[test]
    fn a_task_names_the_sub_agents() {
        let writer = json!({"name": "w", "model": "openai/m", "instructions": "You write.\nWell."});
        let assistant = assistant(&json!({"toolsets": ["task"], "agents": {"writer": writer}}));
        let task = Brief::of(&assistant, Vec::new()).tools.remove(0);
        assert!(task.description.ends_with("\nThe sub-agents are:\n- `writer`: You write."));
        assert_eq!(task.parameters["properties"]["agent"]["enum"], json!(["writer"]));
    }
}
