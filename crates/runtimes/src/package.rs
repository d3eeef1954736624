//! Python packages of the agentplug shape: one JSON argument in, one JSON object on standard output.
//!
//! The program is `python agent.py '{"method": ..., "parameters": {...}}'` in the agent's folder. A step that follows
//! another finds what that one made under `previous`. What is promised about the answer:
//! - all of standard output is one JSON object; or, when the agent logs there too, what follows the last line that
//!   begins with `{` is one; or else the last line that begins so is one by itself;
//! - its `result` is the output, and the whole object when it has none;
//! - an `error` in it that is not `null` is a failure, whatever the exit code.

use std::path::Path;

use mainspring_types::{Code, Problem, Value};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    Given, Invocation, Transcript, document,
    ending::{failure, with_stderr},
    json::{self, Object},
    python_variables, text,
};

/// The longest argument in bytes, without its closing zero.
const ARGUMENT_MAX: usize = mainspring_agent::ARGUMENT_MAX - 1;

/// What starts `method` of the package with the interpreter at `python`.
pub fn invocation(python: &Path, method: &str, given: Given<'_>) -> Result<Invocation, Problem> {
    let argument = argument(method, given)?;
    Ok(Invocation {
        argv: vec![python.into(), "agent.py".into(), argument.into()],
        env: python_variables(),
        stdin: None,
    })
}

/// The one argument of a call; refused when it is longer than the kernel takes.
pub fn argument(method: &str, given: Given<'_>) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct Argument<'a> {
        method: &'a str,
        parameters: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        previous: Option<&'a RawValue>,
    }
    let parameters = parameters(given.input)?;
    let previous = given.previous.map(document).transpose()?;
    let argument =
        serde_json::to_string(&Argument { method, parameters: &parameters, previous: previous.as_deref() })
            .expect("strings and raw JSON serialise");
    if argument.len() <= ARGUMENT_MAX { Ok(argument) } else { Err(too_large(method, argument.len())) }
}

/// The output of a call, read from what was seen of it.
pub fn answer(seen: &Transcript<'_>) -> Result<Value, Problem> {
    let found = find_object(seen);
    let said = found.as_ref().and_then(|(_, members)| error_in(members));
    if let Some(problem) = failure(seen, said.clone()) {
        return Err(problem);
    }
    if let Some(said) = said {
        let message = format!("the agent answered with an error: {said}");
        return Err(with_stderr(Problem::new(Code::ExecutionFailed, message), seen));
    }
    let (whole, members) = found.ok_or_else(|| no_object(seen))?;
    let answer = members.get("result").map_or_else(|| whole.to_owned(), |result| (*result).to_owned());
    Ok(Value::Json(answer.into()))
}

/// Parameters are an object; a call without any has an empty one.
fn parameters(input: &Value) -> Result<Box<RawValue>, Problem> {
    let document = document(input)?;
    match document.get().as_bytes().first() {
        Some(b'{') => Ok(document),
        Some(b'n') => Ok(RawValue::from_string("{}".to_owned()).expect("an empty object is JSON")),
        _ => Err(Problem::new(
            Code::InvalidInput,
            format!(
                "the input of a method is an object of parameters, and this is {}",
                json::kind(&document)
            ),
        )
        .suggest("write the input as `{\"NAME\": VALUE, ...}`")),
    }
}

fn too_large(method: &str, size: usize) -> Problem {
    Problem::new(
        Code::InputTooLarge,
        format!(
            "the call of method `{method}` is {size} bytes of JSON, and a package takes at most {ARGUMENT_MAX} bytes"
        ),
    )
    .suggest("put large data into a file and pass its path")
}

/// The object that is the answer, with its members.
fn find_object<'a>(seen: &Transcript<'a>) -> Option<(&'a RawValue, Object<'a>)> {
    let stdout = seen.stdout;
    let whole = if seen.stdout_lost == 0 { json::read_object(stdout) } else { None };
    // An indented `{` begins no answer: it is a part of one that was printed over several lines.
    let mut lines = stdout.rsplit(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{"));
    whole
        .or_else(|| json::read_object(json::last_block(stdout)?))
        .or_else(|| lines.find_map(json::read_object))
}

/// What the agent says went wrong; a string bare, anything else as JSON.
fn error_in(members: &Object<'_>) -> Option<String> {
    let error = members.get("error").filter(|error| error.get() != "null")?;
    let words = serde_json::from_str::<String>(error.get()).unwrap_or_else(|_| error.get().to_owned());
    Some(text::shorten(words.trim()))
}

/// The agent ended well and gave no answer.
fn no_object(seen: &Transcript<'_>) -> Problem {
    let message = match json::read(seen.stdout) {
        _ if seen.stdout_lost > 0 => format!(
            "the agent printed {} bytes, and the last {} hold no whole JSON object",
            seen.stdout_lost + seen.stdout.len() as u64,
            seen.stdout.len()
        ),
        _ if seen.stdout.trim_ascii().is_empty() => {
            "the agent printed nothing where a JSON object was expected".to_owned()
        }
        Ok(document) => format!(
            "the agent answered with {} where a JSON object was expected: {}",
            json::kind(document),
            text::beginning(seen.stdout)
        ),
        Err(error) => format!("the agent's answer is no JSON ({error}): {}", text::beginning(seen.stdout)),
    };
    with_stderr(Problem::new(Code::InvalidAnswer, message), seen)
        .suggest("let `agent.py` print one JSON object, such as `{\"result\": 42}`, as its last line")
}

#[cfg(test)]
mod tests;
