//! An agent as it lies on disk: a package folder, a native definition, a Python program or a bare executable.
//!
//! Reading tells every mistake of a file at once and starts nothing. What is read from the user's folder may change
//! there; a run reads its agent again from the snapshot that [`Agent::materialise`] makes.

use std::path::{Path, PathBuf};

use mainspring_types::{AgentName, Hash, Problem};
use serde::{Deserialize, Serialize};

use crate::assistant::Draft;
use crate::definition::Definition;
use crate::find;
use crate::manifest::Manifest;
use crate::plan::{Limits, Trust};
use crate::requirements::Requirements;
use crate::script::{Extent, Script};
use crate::tree::{self, Scope, Snapshot, Source};

/// An agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Agent {
    /// Its name.
    pub name: AgentName,
    /// The version its author gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is made of.
    pub shape: Shape,
    /// The file it was read from, within [`root`](Self::root).
    pub entry: String,
    /// Its folder, absolute. Not stored: a stored agent lives where its snapshot is.
    #[serde(skip)]
    pub root: PathBuf,
    /// What is odd about its files and does not stop it.
    #[serde(skip)]
    pub warnings: Vec<Problem>,
}

/// What an agent is made of.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A folder with a package manifest and an `agent.py`.
    Package(Manifest),
    /// A `kind: Agent` document and the folder it lies in.
    Native(Definition),
    /// A Python program without a manifest: one step, `main`.
    Script(Script),
    /// A program of any kind: one step, `main`.
    Executable,
}

/// Reads the agent at `path`: a folder with a manifest, a definition file, a Python program or an executable.
pub fn read(path: &Path) -> Result<Agent, Vec<Problem>> {
    find::agent_at(path)
}

impl Agent {
    /// What its environment must contain; `None` when it brings none of Python.
    pub fn requirements(&self) -> Option<&Requirements> {
        match &self.shape {
            Shape::Script(script) => Some(&script.requirements),
            _ => self.package().map(|manifest| &manifest.requirements),
        }
    }

    /// The manifest whose methods it calls.
    pub fn package(&self) -> Option<&Manifest> {
        match &self.shape {
            Shape::Package(manifest) => Some(manifest),
            Shape::Native(definition) => definition.package.as_ref(),
            Shape::Script(_) | Shape::Executable => None,
        }
    }

    /// The model that works in place of steps.
    pub fn assistant(&self) -> Option<&Draft> {
        match &self.shape {
            Shape::Native(definition) => definition.assistant.as_deref(),
            Shape::Package(_) | Shape::Script(_) | Shape::Executable => None,
        }
    }

    /// The trust level it asks for.
    pub fn trust(&self) -> Trust {
        match &self.shape {
            Shape::Native(definition) => definition.trust,
            Shape::Package(_) | Shape::Script(_) | Shape::Executable => Trust::default(),
        }
    }

    /// What each attempt of its steps may use.
    pub fn limits(&self) -> Limits {
        match &self.shape {
            Shape::Native(definition) => definition.limits,
            Shape::Package(_) | Shape::Script(_) | Shape::Executable => Limits::default(),
        }
    }

    /// Copies its files into a folder below `into`, named by their hash; done before, it copies nothing.
    ///
    /// A package without its program is refused here: its manifest alone can be described and not run.
    pub fn materialise(&self, into: &Path) -> Result<Snapshot, Problem> {
        if self.package().is_some()
            && let Some(problem) = find::without_program(&self.root)
        {
            return Err(problem);
        }
        tree::materialise(&self.source(), into)
    }

    /// The hash its files have now. They may change after that: a run goes by its snapshot's.
    pub fn hash(&self) -> Result<Hash, Problem> {
        tree::hash(&self.source())
    }

    fn source(&self) -> Source<'_> {
        let scope = match &self.shape {
            Shape::Executable => Scope::EntryAlone,
            Shape::Script(script) if script.extent == Extent::Modules => Scope::Modules,
            Shape::Package(_) | Shape::Native(_) | Shape::Script(_) => Scope::Folder,
        };
        Source { root: &self.root, entry: &self.entry, scope }
    }
}
