//! Runs one program for a call, confined to the run's folders, and stays with it to its end.
//!
//! The whole tree of processes ends with its main program, with the time limit and with the future; what it wrote is
//! read to the end whatever its length, and kept in part. What the end means is left to the tools.

mod capture;
mod ending;
mod spec;

use std::{collections::BTreeMap, ffi::OsString, path::Path, time::Duration};

use mainspring_sandbox::{Child, Output, StartError};
use mainspring_types::Problem;
use tokio::time::timeout;

pub use self::spec::room;
pub(crate) use self::{capture::Capture, ending::Ending};
use crate::{Ended, Surroundings};

/// A program of a call.
pub(crate) struct Program<'a> {
    /// The program and its arguments.
    pub(crate) argv: Vec<OsString>,
    /// Where it starts.
    pub(crate) cwd: &'a Path,
    /// What it reads.
    pub(crate) stdin: Vec<u8>,
    /// Where its complaints go.
    pub(crate) output: Output,
    /// Variables laid over those of the definition.
    pub(crate) env: &'a BTreeMap<String, String>,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

/// What became of a program that was started.
pub(crate) struct Seen {
    /// How it ended.
    pub(crate) ending: Ending,
    /// What it said; its complaints too, where they go together.
    pub(crate) stdout: Capture,
    /// What it complained of, where that goes apart.
    pub(crate) stderr: Capture,
}

/// Runs a program to its end; `Err` is the end of a call that was not made, because the program was not started.
pub(crate) async fn run(program: Program<'_>, around: &Surroundings<'_>) -> Result<Seen, Ended> {
    let limit = program.timeout;
    let spec = spec::spec(program, around);
    let child = around.launcher.start(spec).await.map_err(not_started)?;
    Ok(follow(child, limit, around).await)
}

async fn follow(mut child: Child, limit: Duration, around: &Surroundings<'_>) -> Seen {
    let (mut stdout, mut stderr) = (Capture::default(), Capture::default());
    let streams = (child.stdout.take(), child.stderr.take());
    let over = async {
        tokio::join!(stdout.drain(streams.0), stderr.drain(streams.1));
        child.wait().await
    };
    let ending = if let Ok(exit) = timeout(limit, over).await {
        let complaints = if stderr.is_empty() { &stdout } else { &stderr };
        Ending::of(&exit, child.isolation(), around.limits, complaints)
    } else {
        child.kill().await;
        Ending::TimedOut(limit)
    };
    Seen { ending, stdout, stderr }
}

fn not_started(error: StartError) -> Ended {
    let Problem { code, message, suggestion, .. } = error.into();
    let advice = suggestion.map(|suggestion| format!("; {suggestion}")).unwrap_or_default();
    Ended::Failed { message: format!("{code}: {message}{advice}") }
}

impl Seen {
    /// What the tool says whose output is the program's, with how it ended as the last line.
    pub(crate) fn report(self, tool: &str) -> Ended {
        let ending = self.ending;
        let mut text = self.stdout.text();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        match ending {
            Ending::TimedOut(_) | Ending::Lost => Ended::Unknown {
                message: match text.as_str() {
                    "" => format!("`{tool}` {ending}"),
                    _ => format!("`{tool}` {ending}; until then it wrote:\n{}", last(&text)),
                },
            },
            _ => Ended::Returned { text: format!("{text}[{ending}]"), error: !ending.is_success() },
        }
    }
}

/// The last lines of a long text, for a message.
fn last(text: &str) -> &str {
    const CHARS_MAX: usize = 2_000;
    let start = text.char_indices().rev().nth(CHARS_MAX - 1).map_or(0, |(at, _)| at);
    text[start..].trim_end()
}
