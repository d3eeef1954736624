//! Tools that an agent brings along: programs of its folder, described in its definition.
//!
//! A call is one line of JSON on the standard input, and the standard output is the answer: any text, or an object with
//! `error` for a complaint. An exit code other than 0 is a complaint too. `MAINSPRING_IDEMPOTENCY_KEY` tells a
//! repetition of a call from another call. A tool that can be asked what became of a call names a second program, its
//! probe, which gets the same key and the same line.

mod probe;

use mainspring_agent::CustomTool;
use mainspring_sandbox::Output;
use serde_json::Value;

pub use self::probe::{Probe, probe};
use crate::{
    Ended, Surroundings,
    process::{self, Ending, Program, Seen},
};

/// Calls a tool.
pub async fn run(tool: &CustomTool, arguments: &Value, around: &Surroundings<'_>) -> Ended {
    match start(tool, &tool.run, arguments, around).await {
        Ok(seen) => answer(&tool.name, seen),
        Err(ended) => ended,
    }
}

async fn start(
    tool: &CustomTool,
    argv: &[String],
    arguments: &Value,
    around: &Surroundings<'_>,
) -> Result<Seen, Ended> {
    let program = Program {
        argv: argv.iter().map(Into::into).collect(),
        cwd: around.agent_folder,
        stdin: format!("{arguments}\n").into_bytes(),
        output: Output::Apart,
        env: &tool.env,
        timeout: tool.timeout.unwrap_or(around.timeout),
    };
    process::run(program, around).await
}

fn answer(name: &str, seen: Seen) -> Ended {
    let Seen { ending, stdout, stderr } = seen;
    let (said, complained) = (stdout.text(), stderr.text());
    match ending {
        Ending::Code(0) => match complaint(&said) {
            Some(text) => Ended::Returned { text, error: true },
            None => Ended::Returned { text: said, error: false },
        },
        Ending::TimedOut(_) | Ending::Lost => {
            Ended::Unknown { message: lines(&[&format!("`{name}` {ending}"), &complained]) }
        }
        _ => {
            let said = complaint(&said).unwrap_or(said);
            Ended::Returned { text: lines(&[&said, &complained, &format!("[{ending}]")]), error: true }
        }
    }
}

/// What a program complains of in its answer.
fn complaint(said: &str) -> Option<String> {
    let said: Value = serde_json::from_str(said).ok()?;
    said.get("error").filter(|error| !error.is_null()).map(text)
}

/// A text as it is, and anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn lines(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}
