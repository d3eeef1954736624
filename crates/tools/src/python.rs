//! The tool `python`: code for an interpreter of its own, run in the workspace.
//!
//! Nothing is kept from one call to the next but files. The code goes in by the standard input, so it may be as long as
//! it likes and no file of it is left behind; a small program before it sees to it that what goes wrong is shown with
//! its lines.

use std::collections::BTreeMap;

use mainspring_sandbox::Output;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Ended, Surroundings,
    process::{self, Program},
    shell::at_most,
};

/// Isolated from variables and folders that it did not choose, and without a buffer that would mix up the output.
const INTERPRETER: [&str; 4] = ["python3", "-Iu", "-c", include_str!("python/prelude.py")];

#[derive(Deserialize)]
struct Arguments {
    code: String,
    timeout: Option<u64>,
}

/// Runs one piece of code.
pub async fn run(arguments: &Value, around: &Surroundings<'_>) -> Ended {
    let Arguments { code, timeout } = match crate::fitting("python", arguments, "`code`, `timeout`?") {
        Ok(arguments) => arguments,
        Err(complaint) => return complaint,
    };
    let program = Program {
        argv: INTERPRETER.map(Into::into).into(),
        cwd: around.workspace,
        stdin: code.into_bytes(),
        output: Output::Together,
        env: &BTreeMap::new(),
        timeout: at_most(timeout, around.timeout),
    };
    match process::run(program, around).await {
        Ok(seen) => seen.report("python"),
        Err(ended) => ended,
    }
}
