//! Checks what a method is called with against what its manifest declares.
//!
//! Values given as JSON are taken as they are; only text from a command line is read as the declared type.

mod opening;

use mainspring_types::{Code, Problem, nearest};
use serde_json::{Map, Number, Value};

use crate::method::{Method, Parameter, ParameterType};

pub use opening::{Image, Opening};

/// The most bytes one argument of a program may have on Linux, its closing NUL included.
pub const ARGUMENT_MAX: usize = 128 * 1024;

/// The method called `name` among those a package offers.
pub(crate) fn find_method<'a>(methods: &'a [Method], name: &str) -> Result<&'a Method, Problem> {
    methods.iter().find(|method| method.name == name).ok_or_else(|| {
        let names = || methods.iter().map(|method| method.name.as_str());
        let available = format!("Available methods: {}", names().collect::<Vec<_>>().join(", "));
        let message = match nearest(name, names()) {
            Some(meant) => format!("the agent has no method `{name}`; did you mean `{meant}`?"),
            None => format!("the agent has no method `{name}`"),
        };
        Problem::new(Code::MethodNotFound, message).suggest(available)
    })
}

/// The parameters a call of `method` carries: those given, checked, and the defaults of the others.
pub(crate) fn check(method: &Method, input: Value) -> Result<Map<String, Value>, Problem> {
    let given = match input {
        Value::Null => Map::new(),
        Value::Object(given) => given,
        other => return Err(not_parameters(method, &other)),
    };
    for (name, value) in &given {
        let parameter = find_parameter(method, name)?;
        if parameter.required || !value.is_null() {
            check_value(parameter, value).map_err(|problem| with_usage(problem, method))?;
        }
    }
    complete(method, given)
}

fn with_usage(mut problem: Problem, method: &Method) -> Problem {
    problem.suggestion.get_or_insert_with(|| usage(method));
    problem
}

fn not_parameters(method: &Method, input: &Value) -> Problem {
    let message =
        format!("the input of `{}` must be an object of parameters, not {}", method.name, shape(input));
    Problem::new(Code::InvalidInput, message).suggest(usage(method))
}

/// Adds the defaults; a required parameter that is still absent is refused.
fn complete(method: &Method, mut given: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    for parameter in &method.parameters {
        if given.contains_key(&parameter.name) {
            continue;
        }
        if let Some(default) = &parameter.default {
            given.insert(parameter.name.clone(), default.clone());
        } else if parameter.required {
            let message = format!("`{}` needs the parameter `{}`", method.name, parameter.name);
            return Err(Problem::new(Code::MissingParameter, message).suggest(usage(method)));
        }
    }
    Ok(given)
}

fn find_parameter<'a>(method: &'a Method, name: &str) -> Result<&'a Parameter, Problem> {
    method.parameters.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
        let names = method.parameters.iter().map(|parameter| parameter.name.as_str());
        let problem =
            Problem::new(Code::UnknownParameter, format!("`{}` has no parameter `{name}`", method.name));
        match nearest(name, names) {
            Some(meant) => problem.suggest(format!("did you mean `{meant}`?")),
            None => problem.suggest(usage(method)),
        }
    })
}

/// How the method is called, in one line.
fn usage(method: &Method) -> String {
    if method.parameters.is_empty() {
        return format!("`{}` takes no parameters", method.name);
    }
    let declared = method.parameters.iter().map(|parameter| {
        let need = if parameter.required && parameter.default.is_none() { ", required" } else { "" };
        format!("`{}` ({}{need})", parameter.name, parameter.kind.as_str())
    });
    format!("`{}` takes {}", method.name, declared.collect::<Vec<_>>().join(", "))
}

/// Whether `value` is one the parameter may have.
pub(crate) fn check_value(parameter: &Parameter, value: &Value) -> Result<(), Problem> {
    let refused =
        |what: String| Problem::new(Code::InvalidParameter, format!("parameter `{}` {what}", parameter.name));
    if !parameter.kind.admits(value) {
        return Err(refused(format!("must be {}, not {}", wanted(parameter.kind), shape(value))));
    }
    if !parameter.choices.is_empty() && !parameter.choices.contains(value) {
        return Err(not_a_choice(&parameter.choices, value, refused));
    }
    if let Some(least) = beyond(value, parameter.minimum.as_ref(), |value, least| value < least) {
        return Err(refused(format!("is {value}; the least allowed is {least}")));
    }
    if let Some(most) = beyond(value, parameter.maximum.as_ref(), |value, most| value > most) {
        return Err(refused(format!("is {value}; the most allowed is {most}")));
    }
    Ok(())
}

fn not_a_choice(choices: &[Value], value: &Value, refused: impl Fn(String) -> Problem) -> Problem {
    let allowed: Vec<String> = choices.iter().map(|choice| format!("`{}`", plain(choice))).collect();
    let problem = refused(format!("is `{}`; allowed: {}", clipped(&plain(value)), allowed.join(", ")));
    match value.as_str().and_then(|given| nearest(given, choices.iter().filter_map(Value::as_str))) {
        Some(meant) => problem.suggest(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

/// The bound that the value, when it is a number, breaks.
fn beyond<'a>(value: &Value, bound: Option<&'a Number>, breaks: fn(f64, f64) -> bool) -> Option<&'a Number> {
    bound.filter(|bound| match (value.as_f64(), bound.as_f64()) {
        (Some(value), Some(bound)) => breaks(value, bound),
        _ => false,
    })
}

/// Reads text from a command line as the declared type.
pub fn coerce(text: &str, declared: &Parameter) -> Result<Value, Problem> {
    let parsed = || serde_json::from_str::<Value>(text).ok();
    let value = match declared.kind {
        ParameterType::String => Some(Value::from(text)),
        ParameterType::Any => Some(parsed().unwrap_or_else(|| Value::from(text))),
        ParameterType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" | "on" => Some(Value::Bool(true)),
            "false" | "no" | "0" | "off" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => parsed().filter(|value| declared.kind.admits(value)),
    };
    value.ok_or_else(|| {
        let (name, kind) = (&declared.name, wanted(declared.kind));
        let message = format!("parameter `{name}` must be {kind}, not `{}`", clipped(text));
        Problem::new(Code::InvalidParameter, message)
            .suggest(format!("write it like -p {name}={}", example(declared.kind)))
    })
}

/// Reads `key=value` texts as the parameters of `method`, each as its declared type.
pub(crate) fn coerce_all(method: &Method, pairs: &[(String, String)]) -> Result<Map<String, Value>, Problem> {
    let read =
        |(name, text): &(String, String)| Ok((name.clone(), coerce(text, find_parameter(method, name)?)?));
    pairs.iter().map(read).collect()
}

/// The one argument that a package's program gets; refused when Linux could not pass it.
pub fn argument(method: &str, parameters: &Map<String, Value>) -> Result<String, Problem> {
    let call = serde_json::json!({ "method": method, "parameters": parameters }).to_string();
    // The kernel counts the closing NUL.
    if call.len() < ARGUMENT_MAX {
        return Ok(call);
    }
    let size = call.len() + 1;
    let message = format!(
        "the input of `{method}` is {size} bytes as one argument; Linux passes at most {ARGUMENT_MAX}"
    );
    Err(Problem::new(Code::InputTooLarge, message)
        .suggest("pass the path of a file that holds the large value"))
}

/// The one argument that a plain Python program gets; `None` when there is no input.
///
/// It is the `prompt` of the input where that is text, an input that is text itself, and the JSON of any other. Refused
/// when Linux could not pass it.
pub fn prompt(input: &Value) -> Result<Option<String>, Problem> {
    let argument = match (input, input.get("prompt")) {
        (Value::Null, _) => return Ok(None),
        (Value::String(text), _) | (_, Some(Value::String(text))) => text.clone(),
        _ => input.to_string(),
    };
    if argument.contains('\0') {
        let problem = Problem::new(Code::InvalidInput, "the prompt holds a zero byte, which no argument can");
        return Err(problem.suggest("leave it out"));
    }
    if argument.len() < ARGUMENT_MAX {
        return Ok(Some(argument));
    }
    let size = argument.len() + 1;
    let message = format!("the prompt is {size} bytes as an argument; Linux passes at most {ARGUMENT_MAX}");
    Err(Problem::new(Code::InputTooLarge, message)
        .suggest("pass the path of a file that holds the large part"))
}

fn wanted(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::String => "text",
        ParameterType::Integer => "a whole number",
        ParameterType::Number => "a number",
        ParameterType::Boolean => "true or false",
        ParameterType::Array => "a list",
        ParameterType::Object => "an object",
        ParameterType::Any => "any value",
    }
}

fn example(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::String | ParameterType::Any => "text",
        ParameterType::Integer => "42",
        ParameterType::Number => "1.5",
        ParameterType::Boolean => "true",
        ParameterType::Array => "'[1, 2]'",
        ParameterType::Object => "'{\"key\": 1}'",
    }
}

fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the text `{}`", clipped(value)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text as a message may show it: a value can be as large as the input.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
