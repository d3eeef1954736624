//! The built-in tools: what they are called, what they take and what they may do to the world.
//!
//! Names, parameters and descriptions are what a model sees and what journals hold: they change with care.

mod catalogue;

use serde_json::Value;

use crate::assistant::EffectClass;
use mainspring_types::words;

pub use catalogue::built_ins;

words! {
    /// A group of built-in tools, granted together.
    Toolset:
    /// Commands in a shell.
    Shell = "shell",
    /// The files of the workspace.
    FileSystem = "file_system",
    /// Pages of the web.
    Web = "web",
    /// Python code.
    Python = "python",
    /// Sub-agents.
    Task = "task",
    /// Questions to a person.
    AskUser = "ask_user",
}

impl Toolset {
    /// Its tools.
    pub fn tools(self) -> impl Iterator<Item = &'static BuiltIn> {
        built_ins().iter().filter(move |tool| tool.toolset == self)
    }

    /// Whether its tools start programs, which cannot be held to paths within the workspace.
    pub const fn starts_programs(self) -> bool {
        matches!(self, Self::Shell | Self::Python)
    }
}

/// A built-in tool.
#[derive(Clone, PartialEq, Debug)]
pub struct BuiltIn {
    /// The name the model calls it by.
    pub name: &'static str,
    /// The toolset that grants it.
    pub toolset: Toolset,
    /// What the model is told of it.
    pub description: &'static str,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
    /// What a call may do to the world, unless the definition says otherwise.
    pub class: EffectClass,
    /// What patterns and capabilities look at.
    pub subject: Option<Subject>,
}

/// The argument by which calls of a tool are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The argument's name.
    pub argument: &'static str,
    /// How it is read.
    pub kind: SubjectKind,
}

/// How the subject of a call is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubjectKind {
    /// A command line, as it is.
    Command,
    /// Any other text, as it is.
    Text,
    /// A file of the workspace that is read.
    ReadFile,
    /// A folder of the workspace that is read with all it holds; absent, the workspace itself.
    ReadTree,
    /// A file of the workspace that is written.
    WriteFile,
    /// An address, by its host.
    Host,
}

impl BuiltIn {
    /// The tool of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        built_ins().iter().find(|tool| tool.name == name)
    }
}
