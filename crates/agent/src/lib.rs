//! What an agent is: manifests, definitions, versions, and the validation of what it is called with.
//!
//! Everything here is decided from files and values; no process is started and no network is used.

#![allow(clippy::result_large_err, reason = "a refusal is rare, and it is read by a person")]

mod agent;
mod assistant;
mod definition;
mod describe;
mod fields;
mod find;
mod input;
mod json_schema;
mod manifest;
mod method;
mod millis;
mod plan;
mod policy;
mod prepare;
mod published;
mod requirements;
mod script;
mod toolset;
mod tree;
mod yaml;

pub use agent::{Agent, Shape, read};
pub use assistant::{
    Approval, Assistant, Bounds, BudgetAsk, Capabilities, CustomTool, Draft, EffectClass, EffectRule,
    Escalation, Fallback, GatePolicy, Layer, McpServer, Mode, ModelName, ModelOptions, Overlay,
    ParseModelError, SessionPolicy, Thinking, Transport, Verdict,
};
pub use definition::Definition;
pub use describe::{Description, Line, describe, describe_within};
pub use input::{ARGUMENT_MAX, Image, Opening, argument, coerce, prompt};
pub use json_schema::{JsonSchema, Mismatch};
pub use manifest::Manifest;
pub use method::{Method, Parameter, ParameterType, Returns};
pub use plan::{Limits, Output, Prepared, Retry, StepWork, Trust, Work};
pub use policy::{
    Glob, ParseGlobError, ParsePatternError, Pattern, Policy, Refusal, Ruling, TaskAsk, narrowed,
    workspace_path,
};
pub use prepare::{Call, CommandLine, Layers};
pub use published::{schema, tool_schema};
pub use requirements::{
    InstallCommand, ParsePythonError, PythonRequirement, Requirements, SplitError, split_words,
};
pub use script::{Extent, Script};
pub use toolset::{BuiltIn, Subject, SubjectKind, Toolset, built_ins};
pub use tree::{BYTES_MAX, DATA_MARKER, FILES_MAX, STAGING_PREFIX, Snapshot, copy_working};
