//! Package manifests: `agent.yaml` as agentplug writes it, version 1 of its schema.
//!
//! The shape is not ours: unknown fields are kept and told, and forms found in the wild are read with a warning. What
//! no caller could make sense of is refused, every mistake of the file at once.

mod dependencies;
mod methods;

use mainspring_types::{AgentName, Code, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fields::{Field, Fields, Report};
use crate::method::Method;
use crate::requirements::{InstallCommand, Requirements};
use crate::yaml::Node;

/// A package manifest. Stored with a version and read again for ever: fields are only added.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The package's name.
    pub name: AgentName,
    /// The version its author gives it.
    pub version: String,
    /// What the package is for.
    pub description: String,
    /// Who wrote it.
    pub author: String,
    /// Its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Words it is found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What its environment must contain.
    pub requirements: Requirements,
    /// The methods it offers, in the order of the manifest; at least one.
    pub methods: Vec<Method>,
    /// `builtin_tools` as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin_tools: Option<Value>,
    /// What the manifest says beyond this, each under its path.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl Manifest {
    /// The method of that name.
    pub fn method(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// Reads a manifest; the warnings are left in the report.
    pub(crate) fn read(node: &Node, report: &Report<'_>) -> Option<Self> {
        let mut fields = report.root(node)?;
        let mut extra = Map::new();
        refuse_foreign(&mut fields);
        let name = fields.required("name").and_then(|field| field.parsed(AgentName::new));
        let version = fields.required("version").and_then(|field| field.text_as_written());
        let description = fields.required("description").and_then(|field| field.text());
        let author = fields.required("author").and_then(|field| field.text());
        let license = fields.optional("license").and_then(|field| field.text());
        let tags = fields.optional("tags").and_then(|field| field.texts()).unwrap_or_default();
        let requirements = requirements(&mut fields, &mut extra);
        let methods = fields.required("interface").and_then(|field| methods::read(&field, &mut extra));
        let builtin_tools = fields.optional("builtin_tools").map(|field| field.json());
        fields.keep_rest(&mut extra);
        Some(Self {
            name: name?,
            version: version?,
            description: description?,
            author: author?,
            license,
            tags,
            requirements,
            methods: methods?,
            builtin_tools,
            extra,
        })
    }
}

/// Refuses what says of itself that it is not a manifest of this kind.
fn refuse_foreign(fields: &mut Fields<'_>) {
    if let Some(schema) = fields.optional("schema_version")
        && !matches!(schema.text_as_written().as_deref(), None | Some("1" | "1.0"))
    {
        schema.refuse(
            Problem::new(
                Code::InvalidManifest,
                format!("`{}` is {}; allowed: 1", schema.path(), schema.json()),
            )
            .suggest(
                "this manifest was written for a newer agentplug: use a version of it that has schema 1",
            ),
        );
    }
    if let Some(dana) = fields.optional("dana_version") {
        dana.refuse(
            Problem::new(
                Code::UnsupportedAgent,
                "agents written in Dana (`agent.na`) are recognised and not run",
            )
            .suggest("run a version of the agent that has an `agent.py`, and leave `dana_version` out"),
        );
    }
}

fn requirements(fields: &mut Fields<'_>, extra: &mut Map<String, Value>) -> Requirements {
    let python = fields.optional("python_version").and_then(|field| field.parsed(str::parse));
    let packages = fields.optional("dependencies").map(|field| dependencies::read(&field));
    let commands = fields.optional("installation").and_then(|field| commands(&field, extra));
    Requirements {
        python: python.unwrap_or_default(),
        packages: packages.unwrap_or_default(),
        requirements_file: None,
        commands: commands.unwrap_or_default(),
    }
}

fn commands(installation: &Field<'_>, extra: &mut Map<String, Value>) -> Option<Vec<InstallCommand>> {
    let mut fields = installation.fields()?;
    let lines = fields.optional("commands").and_then(|field| field.items()).unwrap_or_default();
    for told in ["description", "validation"] {
        if let Some(field) = fields.optional(told) {
            extra.insert(field.path().to_owned(), field.json());
        }
    }
    fields.keep_rest(extra);
    Some(lines.iter().filter_map(|line| line.parsed(InstallCommand::parse)).collect())
}
