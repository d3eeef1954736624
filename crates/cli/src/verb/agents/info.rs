//! `mainspring agents info`: what an agent is, what it takes and what it may use.

mod held;

use std::{fmt::Write as _, process::ExitCode};

use mainspring_agent::{
    Description, Draft, InstallCommand, Layers, Limits, Method, Overlay, Parameter, ParsePatternError,
    Pattern, PythonRequirement, Requirements, StepWork, Verdict, Work,
};
use mainspring_types::{Code, Problem};
use serde_json::Value;

use super::{Which, shape, warning};
use crate::{
    Outcome,
    context::Context,
    failure::Failure,
    output::{Palette, Table, short_version, time},
    verb::run::request::rule,
};

const EXAMPLES: &str = "\
Examples:
  mainspring agents info ./calc                            a package: its methods and what they take
  mainspring agents info agent.yaml                        a model agent: its rules, and where each comes from
  mainspring agents info agent.yaml --approve shell=deny   the same as a run with this rule would have it";

/// Say what an agent is: methods and parameters, environment, limits, trust
///
/// Of a model agent it says what its model is told and granted, which calls are allowed, asked about or denied, and where
/// each line comes from: the definition, config.toml or the command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// A rule on tool calls as `mainspring run` would be given it; may be given many times
    #[arg(long = "approve", value_name = "PATTERN=VERDICT", value_parser = rule)]
    approvals: Vec<(String, String)>,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let agent = mainspring_agent::read(&args.which.path)?;
    let layers = match agent.assistant() {
        Some(draft) => layers(draft, args, context)?,
        None => Layers::default(),
    };
    let described = mainspring_agent::describe_within(&agent, &layers);
    let columns = context.output.out.columns();
    context.output.show(&described, |palette| info(&described, palette, columns))?;
    Ok(ExitCode::SUCCESS)
}

/// The settings of the data folder, and what the command line adds; a pattern that is about no tool is refused.
fn layers(draft: &Draft, args: &Args, context: &Context) -> Result<Layers, Failure> {
    let approvals = args.approvals.iter().map(approval).collect::<Result<_, _>>()?;
    let run = Overlay { approvals, place: Some("--approve".to_owned()), ..Overlay::default() };
    let layers = Layers { tenant: context.config(&[])?.overlay, run };
    let refused = draft.overlaid(&layers.tenant, &layers.run).err().unwrap_or_default();
    // That no model is named is one of the lines.
    let refused: Vec<Problem> =
        refused.into_iter().filter(|problem| problem.code == Code::InvalidInput).collect();
    if refused.is_empty() { Ok(layers) } else { Err(refused.into()) }
}

fn approval((pattern, verdict): &(String, String)) -> Result<(Pattern, Verdict), Problem> {
    let wrong = |error: ParsePatternError| {
        Problem::new(Code::InvalidInput, format!("read `{pattern}` as a pattern of tool calls"))
            .because(&error)
    };
    let verdict = Verdict::WORDS.iter().find(|(word, _)| word == verdict).map(|(_, verdict)| *verdict);
    Ok((pattern.parse().map_err(wrong)?, verdict.expect("the command line was checked")))
}

fn info(agent: &Description, palette: Palette, columns: usize) -> String {
    let version = agent.version.as_ref().map_or(String::new(), |version| format!(" {version}"));
    let mut text =
        format!("{}  {}\n", palette.strong(&format!("{}{version}", agent.name)), palette.dim(shape(agent)));
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
        let _ = write!(text, "\n{}", held::held(&agent.lines, palette, columns));
    }
    if !agent.warnings.is_empty() {
        text.push('\n');
        text.extend(agent.warnings.iter().map(|problem| warning(problem, palette)));
    }
    text
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
        "replay" => {
            "replay: a turn that is lost is taken again, its recorded calls answered from the journal"
                .to_owned()
        }
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
