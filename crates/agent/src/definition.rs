//! Native definitions: the `kind: Agent` document, which is a list of steps or a model with instructions and tools.
//!
//! The shape is ours: an unknown field is refused, and every mistake of a file is told at once. A step runs a program in
//! the definition's folder, or calls a method of the package whose manifest lies beside the definition.

mod assistant;
mod limits;
mod steps;

use std::{collections::BTreeMap, path::Path, time::Duration};

use mainspring_types::{AgentName, Code, Problem, parse_duration};
use serde::{Deserialize, Serialize};

use crate::assistant::{Draft, secret};
use crate::fields::{Field, Fields, Report};
use crate::manifest::Manifest;
use crate::plan::{Limits, Output, StepWork, Trust};
use crate::yaml::Node;

pub(crate) use steps::{COMMAND_TIMEOUT, METHOD_TIMEOUT};

/// A native definition. Stored with a version and read again for ever: fields are only added.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Definition {
    /// The agent's name.
    pub name: AgentName,
    /// The version its author gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the agent is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The steps, each following the last; none when there is an assistant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepWork>,
    /// The model that works in place of steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant: Option<Box<Draft>>,
    /// The trust level it asks for.
    #[serde(default)]
    pub trust: Trust,
    /// What each attempt may use.
    #[serde(default)]
    pub limits: Limits,
    /// The package whose methods its steps call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Manifest>,
}

/// What runs a definition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Runtime {
    /// Programs alone.
    Command,
    /// Methods of the package beside, and programs.
    Package,
    /// A model with tools.
    Default,
}

/// What the fields of a definition are about.
enum Form {
    Steps,
    Assistant,
    /// Nothing tells.
    Neither,
}

/// What the steps of a definition have in common.
struct Common {
    runtime: Option<Runtime>,
    env: BTreeMap<String, String>,
    output: Output,
    timeout: Option<Duration>,
}

impl Definition {
    /// Reads a definition of `folder`; `beside` finds the manifest of the package there.
    pub(crate) fn read(
        node: &Node,
        report: &Report<'_>,
        folder: &Path,
        beside: impl FnOnce() -> Result<Option<Manifest>, String>,
    ) -> Option<Self> {
        let mut fields = report.root(node)?;
        fields.optional("kind");
        let name = fields.required("name").and_then(|field| field.parsed(AgentName::new));
        let version = fields.optional("version").and_then(|field| field.text_as_written());
        let description = fields.optional("description").and_then(|field| field.text());
        let trust = fields.optional("trust").and_then(|field| field.one_of(&TRUST)).unwrap_or_default();
        let runtime = fields.optional("runtime").and_then(|field| field.one_of(&RUNTIMES));
        let form = form(&fields, runtime);
        let body = match form {
            Form::Steps => with_steps(&mut fields, runtime, beside),
            Form::Assistant => {
                fields.refuse_useless(OF_STEPS, "the definition is of a model with tools, not of steps");
                let about = assistant::About { name: name.clone(), description: description.clone() };
                assistant::read(&mut fields, about, folder).map(|draft| Body::of_assistant(Box::new(draft)))
            }
            Form::Neither => neither(&mut fields),
        };
        fields.refuse_rest();
        let Body { steps, assistant, limits, package } = body?;
        Some(Self { name: name?, version, description, steps, assistant, trust, limits, package })
    }
}

/// What a definition does, in either form.
struct Body {
    steps: Vec<StepWork>,
    assistant: Option<Box<Draft>>,
    limits: Limits,
    package: Option<Manifest>,
}

impl Body {
    fn of_assistant(assistant: Box<Draft>) -> Self {
        let limits = assistant.limits;
        Self { steps: Vec::new(), assistant: Some(assistant), limits, package: None }
    }
}

const OF_STEPS: &[&str] = &["steps", "timeout"];
const OF_ASSISTANTS: &[&str] = &[
    "model",
    "model_options",
    "instructions",
    "toolsets",
    "tools",
    "mcp_servers",
    "approvals",
    "effects",
    "capabilities",
    "gates",
    "budget",
    "session",
    "agents",
];

/// The runtime decides where it is named, else the fields do.
fn form(fields: &Fields<'_>, runtime: Option<Runtime>) -> Form {
    match runtime {
        Some(Runtime::Default) => Form::Assistant,
        Some(Runtime::Command | Runtime::Package) => Form::Steps,
        None if fields.has("steps") => Form::Steps,
        None if OF_ASSISTANTS.iter().any(|name| fields.has(name)) => Form::Assistant,
        None => Form::Neither,
    }
}

fn with_steps(
    fields: &mut Fields<'_>,
    runtime: Option<Runtime>,
    beside: impl FnOnce() -> Result<Option<Manifest>, String>,
) -> Option<Body> {
    fields.refuse_useless(OF_ASSISTANTS, "the definition is of steps, not of a model with tools");
    let limits = fields.optional("limits").map(|field| limits::read(&field)).unwrap_or_default();
    let common = common(fields, runtime);
    let (steps, package) = fields.required("steps").and_then(|field| steps::read(&field, &common, beside))?;
    Some(Body { steps, assistant: None, limits, package })
}

fn neither(fields: &mut Fields<'_>) -> Option<Body> {
    for name in OF_STEPS.iter().chain(OF_ASSISTANTS).chain(&["limits", "env", "output"]) {
        fields.optional(name);
    }
    let problem =
        Problem::new(Code::InvalidManifest, "the definition has neither `instructions` nor `steps`");
    fields.refuse(problem.suggest("add `instructions:` for a model with tools, or `steps:` for programs"));
    None
}

pub(crate) const TRUST: [(&str, Trust); 4] = [
    ("trusted", Trust::Trusted),
    ("standard", Trust::Standard),
    ("untrusted", Trust::Untrusted),
    ("confidential", Trust::Confidential),
];
const RUNTIMES: [(&str, Runtime); 3] =
    [("default", Runtime::Default), ("command", Runtime::Command), ("package", Runtime::Package)];
const OUTPUTS: [(&str, Output); 3] = [("auto", Output::Auto), ("json", Output::Json), ("text", Output::Text)];

fn common(fields: &mut Fields<'_>, runtime: Option<Runtime>) -> Common {
    Common {
        runtime,
        env: fields.optional("env").map(|field| env(&field)).unwrap_or_default(),
        output: fields.optional("output").and_then(|field| field.one_of(&OUTPUTS)).unwrap_or_default(),
        timeout: fields.optional("timeout").and_then(|field| duration(&field)),
    }
}

/// A duration longer than nothing.
fn duration(field: &Field<'_>) -> Option<Duration> {
    let duration = field.parsed(parse_duration)?;
    if duration.is_zero() { field.refused(format!("`{}` is zero", field.path())) } else { Some(duration) }
}

/// Variables by name; a number or truth value counts as it is written.
fn env(field: &Field<'_>) -> BTreeMap<String, String> {
    variables(field, |field, value| {
        if secret::mentions(value) {
            let path = field.path();
            return field
                .refused(format!("`{path}` refers to a secret, which only a model's tools are given"));
        }
        Some(())
    })
}

/// Variables whose values may refer to secrets.
fn env_with_secrets(field: &Field<'_>) -> BTreeMap<String, String> {
    variables(field, secrets_named)
}

/// Whether the secrets in a value are named as they should be.
fn secrets_named(field: &Field<'_>, value: &str) -> Option<()> {
    secret::check(value).map_err(|error| field.refused::<()>(format!("`{}`: {error}", field.path()))).ok()
}

fn variables(field: &Field<'_>, fits: impl Fn(&Field<'_>, &str) -> Option<()>) -> BTreeMap<String, String> {
    let Some(fields) = field.fields() else { return BTreeMap::new() };
    let variable = |(name, field): (&str, Field<'_>)| {
        if !is_variable(name) {
            let rule = "use letters, digits and `_`, beginning with no digit";
            return field.refused(format!("`{}` is not the name of a variable: {rule}", field.path()));
        }
        let value = field.word()?;
        if value.contains('\0') {
            return field.refused(format!("`{}` holds a NUL byte, which no variable can", field.path()));
        }
        fits(&field, &value)?;
        Some((name.to_owned(), value))
    };
    fields.all().filter_map(variable).collect()
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.starts_with(|first: char| !first.is_ascii_digit())
}
