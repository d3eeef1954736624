//! Native definitions: the `kind: Agent` document, which lists steps to be run in order, each durable.
//!
//! The shape is ours: an unknown field is refused, and every mistake of a file is told at once. A step runs a program in
//! the definition's folder, or calls a method of the package whose manifest lies beside the definition.

mod limits;
mod steps;

use std::{collections::BTreeMap, time::Duration};

use mainspring_types::{AgentName, parse_duration};
use serde::{Deserialize, Serialize};

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
    /// The steps, each following the last; at least one.
    pub steps: Vec<StepWork>,
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

/// What runs the steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Runtime {
    /// Programs alone.
    Command,
    /// Methods of the package beside, and programs.
    Package,
}

/// What the steps of a definition have in common.
struct Common {
    runtime: Option<Runtime>,
    env: BTreeMap<String, String>,
    output: Output,
    timeout: Option<Duration>,
}

impl Definition {
    /// Reads a definition; `beside` finds the manifest of the package in its folder.
    pub(crate) fn read(
        node: &Node,
        report: &Report<'_>,
        beside: impl FnOnce() -> Result<Option<Manifest>, String>,
    ) -> Option<Self> {
        let mut fields = report.root(node)?;
        fields.optional("kind");
        let name = fields.required("name").and_then(|field| field.parsed(AgentName::new));
        let version = fields.optional("version").and_then(|field| field.text_as_written());
        let description = fields.optional("description").and_then(|field| field.text());
        let trust = fields.optional("trust").and_then(|field| field.one_of(&TRUST)).unwrap_or_default();
        let limits = fields.optional("limits").map(|field| limits::read(&field)).unwrap_or_default();
        let common = common(&mut fields);
        let steps = fields.required("steps").and_then(|field| steps::read(&field, &common, beside));
        fields.refuse_rest();
        let (steps, package) = steps?;
        Some(Self { name: name?, version, description, steps, trust, limits, package })
    }
}

const TRUST: [(&str, Trust); 4] = [
    ("trusted", Trust::Trusted),
    ("standard", Trust::Standard),
    ("untrusted", Trust::Untrusted),
    ("confidential", Trust::Confidential),
];
const RUNTIMES: [(&str, Runtime); 2] = [("command", Runtime::Command), ("package", Runtime::Package)];
const OUTPUTS: [(&str, Output); 3] = [("auto", Output::Auto), ("json", Output::Json), ("text", Output::Text)];

fn common(fields: &mut Fields<'_>) -> Common {
    Common {
        runtime: fields.optional("runtime").and_then(|field| field.one_of(&RUNTIMES)),
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
        Some((name.to_owned(), value))
    };
    fields.all().filter_map(variable).collect()
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.starts_with(|first: char| !first.is_ascii_digit())
}
