//! The schema of a definition of a model with instructions and tools.

use serde_json::{Value, json};

use super::parts::{
    Property, about, duration, limits, list, map, object, program, text, variables, whole, word,
};
use crate::assistant::{EffectClass, Fallback, Mode, Thinking, Verdict};
use crate::toolset::Toolset;

pub(super) fn schema() -> Value {
    let tools =
        json!({"oneOf": [text("A `kind: Tool` file of the definition's folder."), {"$ref": "#/$defs/tool"}]});
    let own = [
        ("runtime", json!({"description": "What runs it.", "const": "default"})),
        ("tools", list("Tools that are programs of the folder.", tools)),
        (
            "mcp_servers",
            map("MCP servers; a tool of one is called SERVER__TOOL.", json!({"$ref": "#/$defs/mcp_server"})),
        ),
        ("effects", map("What calls may do to the world, by pattern.", class())),
        ("gates", gates()),
        (
            "limits",
            object(
                "What tool processes may use, and how far a turn may go.",
                &[],
                limits().into_iter().chain(bounds()),
            ),
        ),
        ("session", session()),
        ("env", variables("Variables of tool processes and of MCP servers that are programs.")),
    ];
    let fields = about().into_iter().chain(shared()).chain(own);
    object("A model that works with tools until it has answered.", &["kind", "name", "instructions"], fields)
}

/// What an assistant and a sub-agent both say.
fn shared() -> Vec<Property> {
    let model = json!({
        "description": "The model, as PROVIDER/MODEL.",
        "type": "string",
        "pattern": "^[A-Za-z0-9._-]+/\\S+$",
        "examples": ["openai/gpt-4o-mini"],
    });
    let schema = json!({"description": "The JSON Schema that the final answer keeps to.", "type": "object"});
    vec![
        ("model", model),
        ("model_options", model_options()),
        ("instructions", text("What the model is told before anything else.")),
        ("toolsets", toolsets()),
        (
            "approvals",
            map(
                "Which calls are allowed, asked about or denied, by pattern.",
                word("What becomes of them.", Verdict::WORDS),
            ),
        ),
        ("capabilities", capabilities()),
        ("budget", budget()),
        ("output", schema),
        ("agents", map("Sub-agents that `task` may call, by name.", json!({"$ref": "#/$defs/sub_agent"}))),
    ]
}

pub(super) fn sub_agent() -> Value {
    let own = [
        ("description", text("What it is for; the parent's model is told.")),
        ("tools", list("Tools of the parent, by name.", text("A tool."))),
        ("mcp_servers", list("MCP servers of the parent, by name.", text("A server."))),
        ("limits", object("How far a turn may go.", &[], bounds())),
    ];
    object(
        "A sub-agent; it has at most what its parent has.",
        &["instructions"],
        shared().into_iter().chain(own),
    )
}

/// A tool in the definition, or in a file of its own.
pub(super) fn tool(in_file: bool) -> Value {
    let kind = in_file.then(|| ("kind", json!({"const": "Tool"})));
    let own = [
        (
            "name",
            json!({"description": "The name the model calls it by.", "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
        ),
        ("description", text("What the model is told of it.")),
        (
            "parameters",
            json!({"description": "The JSON Schema of its arguments.", "type": "object", "required": ["type"], "properties": {"type": {"const": "object"}}}),
        ),
        ("run", program("The program, which reads its arguments as JSON on its standard input.")),
        ("effect", class()),
        ("timeout", duration("How long a call may take.")),
        ("probe", program("The program that tells what became of a call whose end is unknown.")),
        ("env", variables("Variables of its programs.")),
    ];
    let required = ["kind", "name", "description", "run", "effect"];
    let required = if in_file { &required[..] } else { &required[1..] };
    object("A tool that is a program of the definition's folder.", required, kind.into_iter().chain(own))
}

pub(super) fn mcp_server() -> Value {
    let mut server = object(
        "A server of the Model Context Protocol: a program or an address.",
        &[],
        [
            ("command", program("The program, which speaks on its standard streams.")),
            ("env", variables("Variables of the program.")),
            ("url", json!({"description": "The address.", "type": "string", "pattern": "^https?://"})),
            ("headers", variables("Headers of every request.")),
            (
                "tools",
                list("Which of its tools are granted, by glob; all of them when absent.", text("A glob.")),
            ),
            ("effects", map("What calls of its tools may do to the world, by glob.", class())),
            ("timeout", duration("How long a call may take.")),
        ],
    );
    server["oneOf"] = json!([{"required": ["command"]}, {"required": ["url"]}]);
    server
}

fn class() -> Value {
    word("What a call may do to the world; decides how it is repeated after a crash.", EffectClass::WORDS)
}

fn model_options() -> Value {
    object(
        "How the model answers.",
        &[],
        [
            ("max_output_tokens", whole("The most tokens of one answer.", 1)),
            (
                "temperature",
                json!({"description": "How much chance there is in an answer.", "type": "number", "minimum": 0, "maximum": 2}),
            ),
            ("thinking", word("How long it thinks before it answers.", Thinking::WORDS)),
        ],
    )
}

fn toolsets() -> Value {
    let mut toolsets = list("The built-in tools that are granted.", word("A toolset.", Toolset::WORDS));
    toolsets["uniqueItems"] = json!(true);
    toolsets
}

fn capabilities() -> Value {
    let globs = |description: &str| list(description, text("A glob: `*` is any text."));
    object(
        "What granted tools may be used on; what is absent is everything.",
        &[],
        [
            ("read", globs("Paths of the workspace that may be read.")),
            ("write", globs("Paths of the workspace that may be written.")),
            ("commands", globs("Command lines that may be run.")),
            ("hosts", globs("Hosts that may be spoken to.")),
        ],
    )
}

fn gates() -> Value {
    let escalate = object(
        "Who else is told.",
        &["after", "to"],
        [("after", duration("After how long.")), ("to", text("The name that the inbox shows."))],
    );
    object(
        "How long a person is waited for, and what follows.",
        &[],
        [
            ("deadline", duration("How long a gate stays open; for ever when absent.")),
            ("default", word("What follows at the deadline.", Fallback::WORDS)),
            ("escalate", escalate),
        ],
    )
}

fn bounds() -> Vec<Property> {
    vec![
        ("steps", whole("Model calls of one turn.", 1)),
        ("tool_timeout", duration("How long one tool call may take.")),
        ("parallel_tools", whole("Tool calls under way at once.", 1)),
        ("tool_retries", whole("How often a failed tool call is repeated where it may be.", 0)),
        ("context_tokens", whole("Tokens of history that are sent to the model.", 1000)),
        ("output_chars", whole("Characters of a tool's output that the model sees.", 100)),
        ("turn_timeout", duration("How long one turn may take, waits for people not counted.")),
        ("repeats", whole("How often the same call with the same result is let pass.", 2)),
    ]
}

fn budget() -> Value {
    let cost = json!({"description": "Dollars, such as $1.50.", "type": ["string", "number"]});
    object(
        "What a run may use of its models.",
        &[],
        [("tokens", whole("Tokens of every kind.", 1)), ("cost", cost), ("calls", whole("Model calls.", 1))],
    )
}

fn session() -> Value {
    object(
        "What follows the first answer.",
        &[],
        [
            ("mode", word("Whether the run is over then.", Mode::WORDS)),
            ("input_deadline", duration("How long the next message is waited for; for ever when absent.")),
            ("history_turns", whole("How many turns of the past the model sees.", 1)),
        ],
    )
}
