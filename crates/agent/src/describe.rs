//! What `agents info` tells of an agent.

mod lines;

use mainspring_types::{Hash, Problem};
use serde::{Deserialize, Serialize};

use crate::agent::{Agent, Shape};
use crate::method::Method;
use crate::plan::{Limits, StepWork, Trust};
use crate::prepare::Layers;
use crate::requirements::Requirements;

pub use lines::Line;

/// An agent in words a person or a script can use.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// `package`, `native`, `script` or `executable`.
    pub shape: String,
    /// The version its author gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Words it is found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The methods it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// The steps it runs; a package runs one, named after the method called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepWork>,
    /// What its model is given and held to, each line with where it comes from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// What its environment must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirements: Option<Requirements>,
    /// What each attempt may use.
    pub limits: Limits,
    /// The trust level it asks for.
    pub trust: Trust,
    /// What happens to a step that is lost: `restart`, it runs again from its beginning.
    pub assurance: String,
    /// The hash of its files, or nothing when they cannot be taken as a version; the reason is among the warnings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// What is odd about it and does not stop it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Problem>,
}

/// Tells what `agent` is with nothing laid over it; reads its files once more, for their hash.
pub fn describe(agent: &Agent) -> Description {
    describe_within(agent, &Layers::default())
}

/// Tells what `agent` is where `layers` lie around it.
pub fn describe_within(agent: &Agent, layers: &Layers) -> Description {
    let mut warnings = agent.warnings.clone();
    let hash = agent.hash().map_err(|problem| warnings.push(problem)).ok();
    let package = agent.package();
    let (shape, steps) = match &agent.shape {
        Shape::Package(_) => ("package", Vec::new()),
        Shape::Native(definition) => ("native", definition.steps.clone()),
        Shape::Script(_) => ("script", vec![crate::prepare::script_step(&agent.entry)]),
        Shape::Executable => ("executable", vec![crate::prepare::executable_step(&agent.entry)]),
    };
    Description {
        name: agent.name.to_string(),
        shape: shape.to_owned(),
        version: agent.version.clone(),
        description: agent.description.clone(),
        author: package.map(|manifest| manifest.author.clone()),
        license: package.and_then(|manifest| manifest.license.clone()),
        tags: package.map(|manifest| manifest.tags.clone()).unwrap_or_default(),
        methods: package.map(|manifest| manifest.methods.clone()).unwrap_or_default(),
        steps,
        lines: agent.assistant().map(|draft| lines::of(draft, layers)).unwrap_or_default(),
        requirements: agent.requirements().cloned(),
        limits: agent.limits(),
        trust: agent.trust(),
        // The calls of a model agent are answered from the record, tools included.
        assurance: if agent.assistant().is_some() { "replay" } else { "restart" }.to_owned(),
        hash,
        warnings,
    }
}
