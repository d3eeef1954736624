//! Reads `steps` of a native definition.

use std::{collections::BTreeMap, time::Duration};

use mainspring_types::{Code, Problem, StepId};

use super::{Common, Runtime, duration, env};
use crate::fields::{Field, Fields};
use crate::input;
use crate::manifest::Manifest;
use crate::plan::{Retry, StepWork, Work};
use crate::requirements::split_words;

/// A program may talk to a model for long; a method that hangs should be noticed soon.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_mins(10);
/// How long a method may take unless the definition says otherwise.
pub(crate) const METHOD_TIMEOUT: Duration = Duration::from_secs(30);

/// The steps, and the package whose methods they call.
pub(super) fn read(
    field: &Field<'_>,
    common: &Common,
    beside: impl FnOnce() -> Result<Option<Manifest>, String>,
) -> Option<(Vec<StepWork>, Option<Manifest>)> {
    let items = field.items()?;
    if items.is_empty() {
        return field.refused(format!("`{}` lists no step", field.path()));
    }
    let package = match calls_package(&items, common, field)? {
        Needs::Package => Some(package(field, beside)?),
        Needs::Nothing => None,
    };
    let mut steps = Vec::new();
    for item in &items {
        if let Some(step) = step(item, common, package.as_ref()) {
            if steps.iter().any(|other: &StepWork| other.id == step.id) {
                item.refused::<()>(format!("the step `{}` is defined twice", step.id));
            }
            steps.push(step);
        }
    }
    Some((steps, package))
}

/// What the steps need beside the definition.
enum Needs {
    Package,
    Nothing,
}

fn calls_package(items: &[Field<'_>], common: &Common, steps: &Field<'_>) -> Option<Needs> {
    let calls = items.iter().any(|item| item.json().get("method").is_some());
    match (common.runtime, calls) {
        (Some(Runtime::Command), true) => {
            steps.refused("a step calls a method, but `runtime` is `command`; leave `runtime` out".into())
        }
        (Some(Runtime::Package), _) | (None, true) => Some(Needs::Package),
        (Some(Runtime::Command | Runtime::Default) | None, _) => Some(Needs::Nothing),
    }
}

fn package(steps: &Field<'_>, beside: impl FnOnce() -> Result<Option<Manifest>, String>) -> Option<Manifest> {
    match beside() {
        Ok(Some(manifest)) => Some(manifest),
        Ok(None) => {
            steps.refused("steps that call a method need a package manifest beside the definition".into())
        }
        Err(reason) => {
            steps.refused(format!("the package manifest beside the definition cannot be read: {reason}"))
        }
    }
}

fn step(item: &Field<'_>, common: &Common, package: Option<&Manifest>) -> Option<StepWork> {
    let mut fields = item.fields()?;
    let id = fields.required("id").and_then(|field| field.parsed(StepId::new));
    let input = fields.optional("input");
    let given = input.as_ref().map(Field::json);
    let work = work(&mut fields, common, package, input.as_ref());
    let retry = fields.optional("retry").and_then(|field| retry(&field)).unwrap_or_default();
    let timeout = fields.optional("timeout").and_then(|field| duration(&field)).or(common.timeout);
    fields.refuse_rest();
    let work = work?;
    let usual = if matches!(work, Work::Method { .. }) { METHOD_TIMEOUT } else { COMMAND_TIMEOUT };
    Some(StepWork { id: id?, work, retry, timeout: timeout.unwrap_or(usual), input: given })
}

fn work(
    fields: &mut Fields<'_>,
    common: &Common,
    package: Option<&Manifest>,
    input: Option<&Field<'_>>,
) -> Option<Work> {
    let (run, method, own) = (fields.optional("run"), fields.optional("method"), fields.optional("env"));
    match (run, method) {
        (Some(run), None) => {
            let mut variables: BTreeMap<String, String> = common.env.clone();
            variables.extend(own.map(|field| env(&field)).unwrap_or_default());
            Some(Work::Command { argv: argv(&run)?, env: variables, output: common.output })
        }
        (None, Some(method)) => {
            if let Some(own) = own {
                own.refused::<()>(format!(
                    "`{}` has no use: a method's environment is its package's",
                    own.path()
                ));
            }
            call(&method, package, input)
        }
        (Some(_), Some(method)) => method.refused("a step has either `run` or `method`, not both".into()),
        (None, None) => {
            let problem = Problem::new(Code::InvalidManifest, "the step has neither `run` nor `method`");
            fields.refuse(problem.suggest("add `run: [program, argument]` or `method: name`"));
            None
        }
    }
}

pub(super) fn argv(run: &Field<'_>) -> Option<Vec<String>> {
    if run.is_text() {
        let words = run.parsed(split_words)?;
        let list = serde_json::to_string(&words).unwrap_or_default();
        let message = format!("`{}` must be a list, not text: no shell reads it", run.path());
        let name = run.path().rsplit('.').next().unwrap_or_default();
        run.refuse(Problem::new(Code::InvalidManifest, message).suggest(format!("write `{name}: {list}`")));
        return None;
    }
    let items = run.items()?;
    let argv: Vec<String> = items.iter().filter_map(Field::word).collect();
    if items.is_empty() || argv.first().is_some_and(String::is_empty) {
        run.refused(format!("`{}` names no program", run.path()))
    } else {
        Some(argv)
    }
}

/// The call of a method that the package has, with parameters it takes when the step gives them.
fn call(method: &Field<'_>, package: Option<&Manifest>, input: Option<&Field<'_>>) -> Option<Work> {
    let name = method.text()?;
    let declared =
        input::find_method(&package?.methods, &name).map_err(|problem| method.refuse(problem)).ok()?;
    if let Some(given) = input
        && let Err(problem) = input::check(declared, given.json())
    {
        given.refuse(problem);
    }
    Some(Work::Method { method: name })
}

fn retry(field: &Field<'_>) -> Option<Retry> {
    let mut fields = field.fields()?;
    let usual = Retry::default();
    let retry = Retry {
        attempts: fields
            .required("attempts")
            .and_then(|field| field.count(1, 1000))
            .unwrap_or(usual.attempts),
        delay: fields.optional("delay").and_then(|field| duration(&field)).unwrap_or(usual.delay),
        factor: fields.optional("factor").and_then(|field| factor(&field)).unwrap_or(usual.factor),
        max_delay: fields.optional("max_delay").and_then(|field| duration(&field)).unwrap_or(usual.max_delay),
    };
    fields.refuse_rest();
    Some(Retry { max_delay: retry.max_delay.max(retry.delay), ..retry })
}

fn factor(field: &Field<'_>) -> Option<f64> {
    let factor = field.number()?.as_f64()?;
    let fitting = (1.0..=100.0).contains(&factor).then_some(factor);
    fitting.or_else(|| field.refused(format!("`{}` is {factor}; allowed: 1 to 100", field.path())))
}
