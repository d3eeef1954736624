//! `mainspring agents validate`: every mistake of an agent's files at once.

use std::process::ExitCode;

use mainspring_types::Problem;
use serde::Serialize;

use super::{Which, warning};
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
        let mut text = format!("{mark} {name} is a valid {} with {}\n", verdict.shape, extent(&verdict));
        text.extend(verdict.warnings.iter().map(|problem| warning(problem, palette)));
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

fn extent(verdict: &Verdict) -> String {
    let (number, noun) =
        if verdict.steps == 0 { (verdict.methods, "method") } else { (verdict.steps, "step") };
    count(number as u64, noun)
}
