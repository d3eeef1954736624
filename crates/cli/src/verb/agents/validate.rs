//! `mainspring agents validate`: every mistake of an agent's files at once.

use std::process::ExitCode;

use mainspring_agent::Description;
use mainspring_types::Problem;
use serde::Serialize;

use super::{Which, shape, warning};
use crate::{
    Outcome,
    context::Context,
    output::{Tone, count},
};

/// Check an agent's files and tell every mistake at once
///
/// Nothing is started and nothing is installed. Exit code 2 when something is wrong.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Verdict {
    valid: bool,
    name: String,
    shape: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    methods: usize,
    steps: usize,
    warnings: Vec<Problem>,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let agent = mainspring_agent::read(&args.which.path)?;
    let described = mainspring_agent::describe(&agent);
    let what = format!("{}{}", shape(&described), extent(&described));
    let verdict = Verdict {
        valid: true,
        name: described.name,
        shape: described.shape,
        version: described.version,
        methods: described.methods.len(),
        steps: described.steps.len(),
        warnings: described.warnings,
    };
    context.output.show(&verdict, |palette| {
        let version = verdict.version.as_ref().map_or(String::new(), |version| format!(" {version}"));
        let mark = palette.paint(Tone::Good, "✓");
        let name = palette.strong(&format!("{}{version}", verdict.name));
        let mut text = format!("{mark} {name} is a valid {what}\n");
        text.extend(verdict.warnings.iter().map(|problem| warning(problem, palette)));
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

/// How much there is of it; a model agent has no number.
fn extent(agent: &Description) -> String {
    let (number, noun) = match (agent.lines.is_empty(), agent.steps.len()) {
        (false, _) => return String::new(),
        (true, 0) => (agent.methods.len(), "method"),
        (true, steps) => (steps, "step"),
    };
    format!(" with {}", count(number as u64, noun))
}
