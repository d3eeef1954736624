//! `mainspring agents info`: what an agent is, what it takes and what it may use.

use std::{fmt::Write as _, process::ExitCode};

use mainspring_agent::{
    Description, InstallCommand, Limits, Line, Method, Parameter, PythonRequirement, Requirements, StepWork,
    Work,
};
use serde_json::Value;

use super::{Which, warning};
use crate::{
    Outcome,
    context::Context,
    output::{Palette, Table, short_version, time},
};

/// Say what an agent is: methods and parameters, environment, limits, trust
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let agent = mainspring_agent::read(&args.which.path)?;
    let described = mainspring_agent::describe(&agent);
    context.output.show(&described, |palette| info(&described, palette))?;
    Ok(ExitCode::SUCCESS)
}

fn info(agent: &Description, palette: Palette) -> String {
    let version = agent.version.as_ref().map_or(String::new(), |version| format!(" {version}"));
    let mut text =
        format!("{}  {}\n", palette.strong(&format!("{}{version}", agent.name)), palette.dim(&agent.shape));
    if let Some(description) = &agent.description {
        let _ = writeln!(text, "{description}");
    }
    text.push('\n');
    for (name, value) in facts(agent) {
        let _ = writeln!(text, "  {} {value}", palette.dim(&format!("{name:<12}")));
    }
    for method in &agent.methods {
        let _ = write!(text, "\n{}", method_text(method, palette));
    }
    if !agent.steps.is_empty() {
        let _ = write!(text, "\n{}", steps(&agent.steps, palette));
    }
    if !agent.lines.is_empty() {
        let _ = write!(text, "\n{}", held(&agent.lines, palette));
    }
    if !agent.warnings.is_empty() {
        text.push('\n');
        text.extend(agent.warnings.iter().map(|problem| warning(problem, palette)));
    }
    text
}

/// What a model agent is given and held to, and where each line of it comes from.
fn held(lines: &[Line], palette: Palette) -> String {
    let mut table = Table::new(["  WHAT", "NAME", "HOLDS", "FROM"]);
    for line in lines {
        table.row([
            format!("  {}", line.what),
            line.name.clone(),
            line.value.clone(),
            palette.dim(&line.from),
        ]);
    }
    table.render(palette)
}

fn facts(agent: &Description) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    facts.extend(agent.author.clone().map(|author| ("author", author)));
    facts.extend(agent.license.clone().map(|license| ("licence", license)));
    facts.extend((!agent.tags.is_empty()).then(|| ("tags", agent.tags.join(", "))));
    facts.extend(agent.hash.map(|hash| ("files", short_version(&hash.to_string()).to_owned())));
    facts.extend(agent.requirements.as_ref().map(|wanted| ("environment", environment(wanted))));
    facts.push(("limits", limits(&agent.limits)));
    facts.push(("trust", word(&agent.trust)));
    facts.push(("assurance", assurance(&agent.assurance)));
    facts
}

fn assurance(word: &str) -> String {
    match word {
        "restart" => "restart: a step that is lost runs again from its beginning".to_owned(),
        other => other.to_owned(),
    }
}

fn environment(wanted: &Requirements) -> String {
    let python = match wanted.python {
        PythonRequirement::Any => "Python, any version".to_owned(),
        ref required => format!("Python {required}"),
    };
    [vec![python], installed(wanted)].concat().join(", ")
}

/// What is put into the environment: the first source that is there, as the builder sees it.
fn installed(wanted: &Requirements) -> Vec<String> {
    if !wanted.commands.is_empty() {
        // What only makes the environment, or brings pip and uv, is done by the builder itself.
        let told = |command: &&InstallCommand| {
            !matches!(command, InstallCommand::CreateVenv | InstallCommand::Bootstrap)
        };
        return wanted.commands.iter().filter(told).map(|command| format!("`{command}`")).collect();
    }
    if !wanted.packages.is_empty() {
        return wanted.packages.clone();
    }
    wanted.requirements_file.iter().map(|file| file.display().to_string()).collect()
}

fn limits(limits: &Limits) -> String {
    let mut parts = vec![
        format!("{} memory", limits.memory),
        format!("{} processes", limits.processes),
        format!("{} open files", limits.open_files),
        format!("files up to {}", limits.file_size),
    ];
    parts.extend(limits.time.map(|limit| format!("{} of processor time", time(limit))));
    parts.join(", ")
}

/// A word of an enum as it is written in files.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

fn method_text(method: &Method, palette: Palette) -> String {
    let returns = method.returns.as_ref().and_then(|returns| returns.kind.as_ref());
    let returns = returns.map_or(String::new(), |kind| format!(" → {kind}"));
    let mut text =
        format!("{}{returns}  {}\n", palette.strong(&method.name), palette.dim(&method.description));
    let mut table = Table::new(["  PARAMETER", "TYPE", "NEED", "MEANING"]);
    for parameter in &method.parameters {
        table.row([
            format!("  {}", parameter.name),
            kind(parameter),
            need(parameter),
            parameter.description.clone().unwrap_or_default(),
        ]);
    }
    if !method.parameters.is_empty() {
        text.push_str(&table.render(palette));
    }
    text
}

fn kind(parameter: &Parameter) -> String {
    if parameter.choices.is_empty() {
        let bounds = [("≥ ", &parameter.minimum), ("≤ ", &parameter.maximum)];
        let bounds =
            bounds.iter().filter_map(|(sign, bound)| bound.as_ref().map(|bound| format!(" {sign}{bound}")));
        return bounds.fold(parameter.kind.as_str().to_owned(), |text, bound| text + &bound);
    }
    parameter.choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

fn need(parameter: &Parameter) -> String {
    match &parameter.default {
        Some(default) => format!("default {default}"),
        None if parameter.required => "required".to_owned(),
        None => "optional".to_owned(),
    }
}

fn steps(steps: &[StepWork], palette: Palette) -> String {
    let mut table = Table::new(["  STEP", "DOES", "ATTEMPTS", "TIME-OUT"]);
    for step in steps {
        let does = match &step.work {
            Work::Method { method } => format!("method {method}"),
            Work::Script { file } => format!("python {file} PROMPT"),
            Work::Command { argv, .. } => argv.join(" "),
            Work::Converse { assistant } => format!("converse with {}", assistant.model),
        };
        table.row([format!("  {}", step.id), does, step.retry.attempts.to_string(), time(step.timeout)]);
    }
    table.render(palette)
}
