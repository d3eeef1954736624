//! The table of built-in tools, in the order in which a model sees them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{BuiltIn, Subject, SubjectKind, Toolset};
use crate::assistant::EffectClass;

/// Every built-in tool.
pub fn built_ins() -> &'static [BuiltIn] {
    static TOOLS: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| {
        [shell(), python()].into_iter().chain(reading()).chain(writing()).chain(others()).collect()
    });
    &TOOLS
}

fn shell() -> BuiltIn {
    BuiltIn {
        name: "shell",
        toolset: Toolset::Shell,
        description: "Runs a command line with `sh -c` in the workspace and returns its output and exit code.",
        parameters: object(
            json!({
                "command": text("The command line."),
                "timeout": whole("How many seconds it may take."),
            }),
            &["command"],
        ),
        class: EffectClass::Irreversible,
        subject: Some(Subject { argument: "command", kind: SubjectKind::Command }),
    }
}

fn python() -> BuiltIn {
    BuiltIn {
        name: "python",
        toolset: Toolset::Python,
        description: "Runs Python code in the workspace, in an interpreter of its own, and returns what it prints.",
        parameters: object(
            json!({
                "code": text("The program."),
                "timeout": whole("How many seconds it may take."),
            }),
            &["code"],
        ),
        class: EffectClass::Irreversible,
        subject: Some(Subject { argument: "code", kind: SubjectKind::Text }),
    }
}

fn reading() -> [BuiltIn; 3] {
    let tool = |name, kind, description, parameters| BuiltIn {
        name,
        toolset: Toolset::FileSystem,
        description,
        parameters,
        class: EffectClass::Pure,
        subject: Some(Subject { argument: "path", kind }),
    };
    [
        tool(
            "read_file",
            SubjectKind::ReadFile,
            "Returns the lines of a text file of the workspace.",
            object(
                json!({
                    "path": text("The file, relative to the workspace."),
                    "offset": whole("The first line to return, counted from 1."),
                    "limit": whole("How many lines to return at most."),
                }),
                &["path"],
            ),
        ),
        tool(
            "list_files",
            SubjectKind::ReadTree,
            "Lists the files below a folder of the workspace.",
            object(
                json!({
                    "path": text("The folder, relative to the workspace; the workspace itself when absent."),
                    "pattern": text("A glob that the files must match, such as `src/**/*.rs`."),
                }),
                &[],
            ),
        ),
        tool(
            "search_files",
            SubjectKind::ReadTree,
            "Finds the lines that match a regular expression in files of the workspace.",
            object(
                json!({
                    "pattern": text("The regular expression."),
                    "path": text("The file or folder to search; the workspace itself when absent."),
                    "glob": text("A glob that the files must match, such as `*.rs`."),
                }),
                &["pattern"],
            ),
        ),
    ]
}

fn writing() -> [BuiltIn; 2] {
    let tool = |name, description, class, parameters| BuiltIn {
        name,
        toolset: Toolset::FileSystem,
        description,
        parameters,
        class,
        subject: Some(Subject { argument: "path", kind: SubjectKind::WriteFile }),
    };
    [
        tool(
            "write_file",
            "Writes a file of the workspace, in place of one that is there; its folders are made.",
            EffectClass::Idempotent,
            object(
                json!({
                    "path": text("The file, relative to the workspace."),
                    "content": text("Everything the file holds afterwards."),
                }),
                &["path", "content"],
            ),
        ),
        tool(
            "edit_file",
            "Replaces text in a file of the workspace.",
            EffectClass::Compensatable,
            object(
                json!({
                    "path": text("The file, relative to the workspace."),
                    "old": text("The text to replace, exactly as it stands; it must occur once."),
                    "new": text("What stands there afterwards."),
                    "all": {"type": "boolean", "description": "Whether to replace every occurrence."},
                }),
                &["path", "old", "new"],
            ),
        ),
    ]
}

fn others() -> [BuiltIn; 3] {
    [web_fetch(), task(), ask_user()]
}

fn web_fetch() -> BuiltIn {
    BuiltIn {
        name: "web_fetch",
        toolset: Toolset::Web,
        description: "Fetches a public page over HTTP and returns it as text.",
        parameters: object(
            json!({
                "url": text("The address, beginning with http:// or https://."),
                "max_chars": whole("How many characters to return at most."),
            }),
            &["url"],
        ),
        class: EffectClass::Pure,
        subject: Some(Subject { argument: "url", kind: SubjectKind::Host }),
    }
}

fn task() -> BuiltIn {
    let names = |of: &str| json!({"type": "array", "items": {"type": "string"}, "description": of});
    BuiltIn {
        name: "task",
        toolset: Toolset::Task,
        description: "Gives a task to a sub-agent, waits for it and returns its answer.",
        parameters: object(
            json!({
                "agent": text("The sub-agent."),
                "prompt": text("The task; the sub-agent sees nothing else of this conversation."),
                "toolsets": names("Gives it these toolsets only."),
                "read": names("Lets it read these paths only."),
                "write": names("Lets it write these paths only."),
                "max_tokens": whole("How many tokens it may use at most."),
            }),
            &["agent", "prompt"],
        ),
        // The child is named after the call: made twice, the call finds the child it has.
        class: EffectClass::Idempotent,
        subject: Some(Subject { argument: "agent", kind: SubjectKind::Text }),
    }
}

fn ask_user() -> BuiltIn {
    BuiltIn {
        name: "ask_user",
        toolset: Toolset::AskUser,
        description: "Asks the person in charge a question and waits for the answer, for days if need be.",
        parameters: object(
            json!({
                "question": text("The question."),
                "choices": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Answers to choose from; any answer when absent.",
                },
            }),
            &["question"],
        ),
        class: EffectClass::Pure,
        subject: None,
    }
}

#[allow(clippy::needless_pass_by_value, reason = "what `json!` makes is given away")]
fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn whole(description: &str) -> Value {
    json!({"type": "integer", "minimum": 1, "description": description})
}
