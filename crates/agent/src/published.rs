//! The JSON Schema of a definition, for editors: `docs/schema/agent.json` is what this makes.
//!
//! What it refuses is refused when the definition is read; that reading sees more, such as names that belong together.

mod assistant;
mod parts;
mod steps;

use serde_json::{Value, json};

/// The schema of a `kind: Agent` document.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mainspring agent",
        "description": "A model with instructions and tools, or a list of steps.",
        "type": "object",
        "oneOf": [{"$ref": "#/$defs/assistant"}, {"$ref": "#/$defs/steps"}],
        "$defs": {
            "assistant": assistant::schema(),
            "steps": steps::schema(),
            "tool": assistant::tool(false),
            "mcp_server": assistant::mcp_server(),
            "sub_agent": assistant::sub_agent(),
        },
    })
}

/// The schema of a `kind: Tool` document.
pub fn tool_schema() -> Value {
    let mut schema = assistant::tool(true);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Mainspring tool");
    schema
}
