//! Resolves one call of an agent into the steps of a run.

use std::{collections::BTreeMap, path::Path, time::Duration};

use mainspring_types::{Code, Problem, StepId};
use serde_json::{Map, Value};

use crate::agent::{Agent, Shape};
use crate::assistant::{Assistant, Draft, Mode, Overlay};
use crate::definition::{COMMAND_TIMEOUT, Definition, METHOD_TIMEOUT};
use crate::input::{self, Image, Opening};
use crate::manifest::Manifest;
use crate::method::Method;
use crate::plan::{Output, Prepared, Retry, StepWork, Work};

/// What a caller asks of an agent.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Call {
    /// The method of a package.
    pub method: Option<String>,
    /// The input; null when there is none.
    pub input: Value,
}

/// What a command line says: `[METHOD|PROMPT] [-p KEY=VALUE]... [--input JSON]`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CommandLine {
    /// The word after the path: the method of a package, the prompt of any other agent.
    pub word: Option<String>,
    /// The `-p` parameters, in order.
    pub parameters: Vec<(String, String)>,
    /// The `--input` document.
    pub input: Option<Value>,
}

/// What lies around a definition when it is run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Layers {
    /// The settings of the tenant.
    pub tenant: Overlay,
    /// What was said when the run was started.
    pub run: Overlay,
}

/// The bounds of a turn end an attempt long before; this ends one whose loop does not come back.
const CONVERSE_TIMEOUT: Duration = Duration::from_hours(24);

impl Agent {
    /// The steps and the checked input of one call, with nothing laid over the definition.
    pub fn plan_for(&self, method: Option<&str>, input: Value) -> Result<Prepared, Problem> {
        self.plan_within(&Layers::default(), method, input)
    }

    /// The steps and the checked input of one call.
    pub fn plan_within(
        &self,
        layers: &Layers,
        method: Option<&str>,
        input: Value,
    ) -> Result<Prepared, Problem> {
        let (steps, input) = match &self.shape {
            Shape::Package(manifest) => package_plan(manifest, method, input)?,
            Shape::Native(definition) => {
                refuse_method(self, method)?;
                match &definition.assistant {
                    Some(draft) => converse_plan(draft, layers, &input)?,
                    None => (native_plan(definition, &input)?, input),
                }
            }
            Shape::Script(_) => {
                refuse_method(self, method)?;
                input::prompt(&input)?;
                (vec![script_step(&self.entry)], input)
            }
            Shape::Executable => {
                refuse_method(self, method)?;
                (vec![executable_step(&self.entry)], input)
            }
        };
        Ok(Prepared { steps, input, limits: self.limits(), trust: self.trust() })
    }

    /// What a command line asks of this agent: text becomes the type that the method declares.
    pub fn call(&self, line: CommandLine) -> Result<Call, Problem> {
        let CommandLine { word, parameters, input } = line;
        match &self.shape {
            Shape::Package(manifest) => {
                let method = chosen(manifest, word.as_deref())?;
                let given = input::coerce_all(method, &parameters)?;
                Ok(Call { method: Some(method.name.clone()), input: merge(input, given)? })
            }
            Shape::Native(_) | Shape::Script(_) | Shape::Executable => {
                let prompt = word.map(|text| ("prompt".to_owned(), Value::from(text)));
                let given = parameters.into_iter().map(|(name, text)| {
                    let value = serde_json::from_str(&text).unwrap_or(Value::from(text));
                    (name, value)
                });
                let mut input = merge(input, prompt.into_iter().chain(given).collect())?;
                if self.assistant().is_some() {
                    open_images(&mut input)?;
                }
                Ok(Call { method: None, input })
            }
        }
    }
}

/// Puts images in the place of the files that are named, as they are now on this machine.
fn open_images(input: &mut Value) -> Result<(), Problem> {
    let images = input.get_mut("images");
    if let Some(path) = images.as_ref().and_then(|images| images.as_str()).map(str::to_owned) {
        input["images"] = Value::from(vec![path]);
    }
    for image in input.get_mut("images").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(path) = image.as_str().filter(|path| !path.starts_with("data:")) {
            let Image { media, data } = Image::open(Path::new(path))?;
            *image = serde_json::json!({ "media": media, "data": data });
        }
    }
    Ok(())
}

/// The input with `given` laid over it.
fn merge(input: Option<Value>, given: Map<String, Value>) -> Result<Value, Problem> {
    match input {
        Some(input) if given.is_empty() => Ok(input),
        None if given.is_empty() => Ok(Value::Null),
        None => Ok(Value::Object(given)),
        Some(Value::Object(mut input)) => {
            input.extend(given);
            Ok(Value::Object(input))
        }
        Some(_) => {
            let problem = Problem::new(
                Code::InvalidInput,
                "parameters can be added only to an input that is an object",
            );
            Err(problem.suggest("give everything in `--input`, or leave `--input` out"))
        }
    }
}

/// The method called, which may stay unnamed when there is one only.
fn chosen<'a>(manifest: &'a Manifest, name: Option<&str>) -> Result<&'a Method, Problem> {
    match (name, manifest.methods.as_slice()) {
        (Some(name), methods) => input::find_method(methods, name),
        (None, [sole]) => Ok(sole),
        (None, methods) => {
            let names: Vec<&str> = methods.iter().map(|method| method.name.as_str()).collect();
            let problem = Problem::new(
                Code::MethodNotFound,
                format!("`{}` has several methods; name one", manifest.name),
            );
            Err(problem.suggest(format!("Available methods: {}", names.join(", "))))
        }
    }
}

fn package_plan(
    manifest: &Manifest,
    name: Option<&str>,
    input: Value,
) -> Result<(Vec<StepWork>, Value), Problem> {
    let method = chosen(manifest, name)?;
    let parameters = input::check(method, input)?;
    input::argument(&method.name, &parameters)?;
    // A method's name may hold what a step's may not, such as a leading underscore.
    let id = StepId::new(&method.name).unwrap_or_else(|_| main_step());
    let work = Work::Method { method: method.name.clone() };
    let step = StepWork { id, work, retry: Retry::default(), timeout: METHOD_TIMEOUT, input: None };
    Ok((vec![step], Value::Object(parameters)))
}

/// The steps, those that call a method with their checked parameters.
fn native_plan(definition: &Definition, run_input: &Value) -> Result<Vec<StepWork>, Problem> {
    let resolve = |step: &StepWork| {
        let (Work::Method { method }, Some(package)) = (&step.work, &definition.package) else {
            return Ok(step.clone());
        };
        let declared = input::find_method(&package.methods, method)?;
        let parameters = input::check(declared, step.input.as_ref().unwrap_or(run_input).clone())?;
        input::argument(method, &parameters)?;
        Ok(StepWork { input: Some(Value::Object(parameters)), ..step.clone() })
    };
    definition.steps.iter().map(resolve).collect()
}

/// One step, in which the model works; its input is the first message.
fn converse_plan(draft: &Draft, layers: &Layers, input: &Value) -> Result<(Vec<StepWork>, Value), Problem> {
    let assistant = draft.overlaid(&layers.tenant, &layers.run).map_err(joined)?;
    let opening = Opening::read(input)?;
    if opening.is_empty() && assistant.session.mode == Mode::OneShot {
        let problem = Problem::new(Code::InvalidInput, format!("`{}` was given no prompt", draft.name));
        return Err(problem.suggest("say what it is to do: mainspring run AGENT \"PROMPT\""));
    }
    let input = serde_json::to_value(&opening).expect("text and base64 serialise");
    Ok((vec![converse_step(assistant)], input))
}

/// The first problem, with the others told beside it.
fn joined(problems: Vec<Problem>) -> Problem {
    let mut problems = problems.into_iter();
    let first = problems.next().expect("a refusal has a reason");
    let others: Vec<String> = problems.map(|problem| problem.to_string()).collect();
    if others.is_empty() { first } else { first.detail(others.join("\n")) }
}

pub(crate) fn converse_step(assistant: Assistant) -> StepWork {
    let work = Work::Converse { assistant: Box::new(assistant) };
    StepWork { timeout: CONVERSE_TIMEOUT, ..sole_step(work) }
}

pub(crate) fn executable_step(file: &str) -> StepWork {
    let argv = vec![format!("./{file}")];
    sole_step(Work::Command { argv, env: BTreeMap::new(), output: Output::Auto })
}

pub(crate) fn script_step(file: &str) -> StepWork {
    sole_step(Work::Script { file: file.to_owned() })
}

fn sole_step(work: Work) -> StepWork {
    StepWork { id: main_step(), work, retry: Retry::default(), timeout: COMMAND_TIMEOUT, input: None }
}

fn main_step() -> StepId {
    StepId::new("main").expect("`main` is a step name")
}

fn refuse_method(agent: &Agent, method: Option<&str>) -> Result<(), Problem> {
    let Some(method) = method else { return Ok(()) };
    let problem = Problem::new(
        Code::MethodNotFound,
        format!("`{}` has no methods, so none called `{method}`", agent.name),
    );
    Err(problem.suggest("leave the method out; the input goes to the agent's steps"))
}
