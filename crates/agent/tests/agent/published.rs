//! The published schemas: what is committed is what the program makes, and it fits the definitions we show.

use std::{env, fs, path::Path};

use mainspring_agent::{JsonSchema, schema, tool_schema};
use serde_json::Value;

use super::{assistants, fixture, read_assistant, shown};

/// Compares with the committed file; with `BLESS=1` in the environment the file is written anew.
fn committed(name: &str, made: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema").join(name);
    let made = format!("{made:#}\n");
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &made).expect("the file is written");
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == made, "{} is not what the program makes: BLESS=1 writes it anew", file.display());
}

#[test]
fn the_committed_schemas_are_what_the_program_makes() {
    committed("agent.json", &schema());
    committed("tool.json", &tool_schema());
}

fn value(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).expect("YAML")
}

fn mismatches(schema: &Value, yaml: &str) -> Vec<String> {
    let schema = JsonSchema::read(schema).expect("a schema");
    schema.mismatches(&value(yaml)).iter().map(ToString::to_string).collect()
}

#[test]
fn the_definitions_we_show_fit() {
    let flow = fs::read_to_string(fixture("flow.yaml")).expect("the fixture");
    for definition in [assistants::CONTRACT, assistants::WHOLE, &flow] {
        assert_eq!(mismatches(&schema(), definition), [""; 0], "{definition}");
    }
    assert_eq!(mismatches(&tool_schema(), assistants::TOOL), [""; 0]);
}

/// The indented blocks of the reference page that are whole definitions.
fn shown_on_the_page() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/definitions.md");
    let page = fs::read_to_string(page).expect("the page");
    let block = |paragraph: &str| {
        let lines: Option<Vec<&str>> = paragraph.lines().map(|line| line.strip_prefix("    ")).collect();
        lines.map(|lines| lines.join("\n") + "\n").filter(|block| block.starts_with("kind: Agent"))
    };
    page.split("\n\n").filter_map(block).collect()
}

#[test]
fn the_definitions_of_the_page_read() {
    let definitions = shown_on_the_page();
    assert_eq!(definitions.len(), 2);
    for definition in definitions {
        read_assistant(&definition).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
        assert_eq!(mismatches(&schema(), &definition), [""; 0], "{definition}");
    }
}

#[test]
fn the_whole_definition_has_every_field_there_is() {
    let (schema, whole) = (schema(), value(assistants::WHOLE));
    let same = |fields: &Value, properties: &Value, of: &str| {
        let names = |value: &Value| {
            let mut names: Vec<String> = value.as_object().expect("fields").keys().cloned().collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(fields), names(properties), "{of}");
    };
    let properties = &schema["$defs"]["assistant"]["properties"];
    same(&whole, properties, "the definition");
    for name in ["model_options", "capabilities", "gates", "limits", "budget", "session"] {
        same(&whole[name], &properties[name]["properties"], name);
    }
    same(&whole["tools"][0], &schema["$defs"]["tool"]["properties"], "a tool");
}

#[test]
fn what_reading_refuses_by_form_does_not_fit() {
    let lines = [
        "toolsets: [filesystem]",
        "toolset: [shell]",
        "approvals: {shell: aks}",
        "limits: {steps: 0}",
        "mcp_servers: {a: {command: [b], url: 'https://c.d'}}",
        "steps: [{id: a, run: [b]}]",
    ];
    for line in lines {
        let definition = format!("kind: Agent\nname: x\ninstructions: Do.\n{line}\n");
        assert_ne!(mismatches(&schema(), &definition), [""; 0], "{line}");
    }
}
