//! How each kind of agent is spoken to: what its program is started with, and what its answer means.
//!
//! Everything here is decided from values. Nothing is started, read or waited for, so that each contract is a table
//! of examples: an [`Invocation`] before, a [`Transcript`] after. One file per runtime.

#![allow(clippy::result_large_err, reason = "a refusal is rare, and it is read by a person")]

pub mod capabilities;
pub mod command;
pub mod default;
pub mod package;
pub mod script;

mod ending;
mod json;
mod text;

use std::{ffi::OsString, time::Duration};

use mainspring_types::{ByteSize, Code, Problem, Value};
use serde_json::value::RawValue;

/// What an agent's program is started with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invocation {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Variables that belong to the runtime, beside those every agent gets.
    pub env: Vec<(&'static str, String)>,
    /// What the program reads from its standard input; nothing when `None`.
    pub stdin: Option<Vec<u8>>,
}

/// What a step is given to work on.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The input: the step's own where its definition has one, else the run's.
    pub input: &'a Value,
    /// What the step before made.
    pub previous: Option<&'a Value>,
}

/// What was seen of a program from start to end.
#[derive(Clone, Copy, Debug)]
pub struct Transcript<'a> {
    /// How it ended.
    pub ending: Ending,
    /// The last of what it wrote to its standard output.
    pub stdout: &'a [u8],
    /// How many bytes it had written before those in `stdout`.
    pub stdout_lost: u64,
    /// The last of what it wrote to its standard error.
    pub stderr: &'a [u8],
}

impl Transcript<'_> {
    /// The end of what the program wrote: of its standard error, else of its standard output.
    pub fn last_words(&self) -> Option<String> {
        text::tail(self.stderr).or_else(|| text::tail(self.stdout))
    }
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// By the kernel, because it used more memory than this.
    OutOfMemory(ByteSize),
    /// By the kernel, because it used more processor time than this.
    OutOfProcessorTime(Duration),
}

/// What every Python agent gets: its lines as they are printed, and no files beside its own.
fn python_variables() -> Vec<(&'static str, String)> {
    vec![("PYTHONUNBUFFERED", "1".to_owned()), ("PYTHONDONTWRITEBYTECODE", "1".to_owned())]
}

/// The JSON of a value that travelled whole; text becomes a JSON string.
fn document(value: &Value) -> Result<Box<RawValue>, Problem> {
    match value {
        Value::Json(document) => Ok(document.as_ref().to_owned()),
        Value::Text(text) => Ok(serde_json::value::to_raw_value(text).expect("a string is JSON")),
        Value::Blob(digest) => Err(Problem::new(
            Code::Internal,
            format!("the value {} was handed to the worker by its address alone", digest.hash),
        )),
    }
}
