//! The tool `shell`: a command line, run by `/bin/sh` in the workspace.
//!
//! What it writes and what it complains of come as one text, in the order in which they were written, with how it ended
//! as the last line. What it starts ends with it, also in the background.

use std::{collections::BTreeMap, time::Duration};

use mainspring_sandbox::Output;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Ended, Surroundings,
    process::{self, Program},
};

#[derive(Deserialize)]
struct Arguments {
    command: String,
    timeout: Option<u64>,
}

/// Runs one command line.
pub async fn run(arguments: &Value, around: &Surroundings<'_>) -> Ended {
    let Arguments { command, timeout } = match crate::fitting("shell", arguments, "`command`, `timeout`?") {
        Ok(arguments) => arguments,
        Err(complaint) => return complaint,
    };
    let program = Program {
        argv: ["/bin/sh", "-c", &command].map(Into::into).into(),
        cwd: around.workspace,
        stdin: Vec::new(),
        output: Output::Together,
        env: &BTreeMap::new(),
        timeout: at_most(timeout, around.timeout),
    };
    match process::run(program, around).await {
        Ok(seen) => seen.report("shell"),
        Err(ended) => ended,
    }
}

/// The time a call asks for, in seconds, within the time it has.
pub(crate) fn at_most(asked: Option<u64>, has: Duration) -> Duration {
    asked.map_or(has, |seconds| Duration::from_secs(seconds.max(1)).min(has))
}
