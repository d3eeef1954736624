//! Reads the tools that an author brings: written in the definition, or in files beside it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path},
};

use mainspring_types::{Code, Problem};
use serde_json::Value;

use super::super::{duration, env_with_secrets, steps::argv};
use super::terms::schema;
use crate::assistant::{CustomTool, EffectClass};
use crate::fields::{Field, Fields, Report};
use crate::find;
use crate::policy::SERVER_SEAM;
use crate::toolset::{BuiltIn, Toolset};

/// Each tool, with its place under `tools.NAME`.
pub(super) fn read(
    field: &Field<'_>,
    folder: &Path,
    places: &mut BTreeMap<String, String>,
) -> Vec<CustomTool> {
    let mut tools: Vec<CustomTool> = Vec::new();
    for item in field.items().unwrap_or_default() {
        let tool = if item.is_map() {
            item.fields().and_then(|fields| tool(fields)).map(|tool| (tool, item.written_at()))
        } else {
            item.text().and_then(|name| from_file(&item, folder, &name))
        };
        let Some((tool, place)) = tool else { continue };
        if tools.iter().any(|other| other.name == tool.name) {
            item.refused::<()>(format!("the tool `{}` is defined twice", tool.name));
        }
        places.insert(format!("tools.{}", tool.name), place);
        tools.push(tool);
    }
    tools
}

fn tool(mut fields: Fields<'_>) -> Option<CustomTool> {
    let name = fields.required("name").and_then(|field| name(&field));
    let description = fields.required("description").and_then(|field| field.text());
    let parameters = match fields.optional("parameters") {
        Some(field) => schema(&field).and_then(|schema| of_object(&field, schema)),
        None => Some(serde_json::json!({"type": "object", "properties": {}, "additionalProperties": false})),
    };
    let run = fields.required("run").and_then(|field| argv(&field));
    let class = class(&mut fields);
    let timeout = fields.optional("timeout").and_then(|field| duration(&field));
    let probe = fields.optional("probe").and_then(|field| argv(&field));
    let env = fields.optional("env").map(|field| env_with_secrets(&field)).unwrap_or_default();
    fields.refuse_rest();
    Some(CustomTool {
        name: name?,
        description: description?,
        parameters: parameters?,
        run: run?,
        class: class?,
        timeout,
        probe,
        env,
    })
}

/// What a call may do to the world. Only the author knows, and a wrong guess would repeat what must not be repeated.
fn class(fields: &mut Fields<'_>) -> Option<EffectClass> {
    if let Some(field) = fields.optional("effect") {
        return field.one_of(EffectClass::WORDS);
    }
    let words: Vec<&str> = EffectClass::WORDS.iter().map(|(word, _)| *word).collect();
    let problem = Problem::new(Code::InvalidManifest, "the tool does not say what it may do to the world");
    fields.refuse(problem.suggest(format!("add `effect:` with one of {}", words.join(", "))));
    None
}

/// Arguments come as an object: a schema of anything else would fit no call.
fn of_object(field: &Field<'_>, schema: Value) -> Option<Value> {
    if schema.get("type").and_then(Value::as_str) == Some("object") {
        return Some(schema);
    }
    let message =
        format!("`{}` must have `type: object`: a tool is given its arguments by name", field.path());
    field.refused(message)
}

/// A name that providers take, and that no other tool or toolset has.
fn name(field: &Field<'_>) -> Option<String> {
    let name = field.text()?;
    let is_plain = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_plain || name.contains(SERVER_SEAM) {
        let rule = "use 1 to 64 letters, digits, `-` and single `_`";
        return field.refused(format!("`{}` is `{name}`, which is no name of a tool: {rule}", field.path()));
    }
    if BuiltIn::find(&name).is_some() || Toolset::WORDS.iter().any(|(word, _)| *word == name) {
        return field.refused(format!("`{name}` is the name of a built-in tool; choose another"));
    }
    Some(name)
}

/// The tool of a `kind: Tool` file of the definition's folder, and where it is.
fn from_file(item: &Field<'_>, folder: &Path, name: &str) -> Option<(CustomTool, String)> {
    let refused = |message: String| {
        let problem = Problem::new(Code::InvalidManifest, format!("read `{}`: {message}", item.path()));
        item.refuse(problem.suggest("name a file of the definition's folder, such as ./tool.yaml"));
        None::<(CustomTool, String)>
    };
    let relative = Path::new(name);
    if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return refused(format!("`{name}` leads out of the definition's folder"));
    }
    let real = match fs::canonicalize(folder.join(relative)) {
        Ok(real) if real.starts_with(folder) => real,
        Ok(_) => return refused(format!("`{name}` is a link that leads out of the definition's folder")),
        Err(error) => return refused(format!("`{name}`: {error}")),
    };
    match find::parsed(&real, name) {
        Ok((source, node)) => {
            let report = Report::new(name, &source);
            let tool = report.root(&node).and_then(|mut fields| {
                fields.required("kind").and_then(|field| field.one_of(&[("Tool", ())]));
                tool(fields)
            });
            report.close().map_err(|problems| item.adopt(problems)).ok()?;
            Some((tool?, name.trim_start_matches("./").to_owned()))
        }
        Err(problem) => {
            item.adopt([problem]);
            None
        }
    }
}
