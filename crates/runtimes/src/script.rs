//! Plain Python programs: a prompt as the argument, whatever they print as the answer.
//!
//! The program is `python FILE.py PROMPT`; what a command reads is on its standard input too. Exit code 0 is success,
//! and of what it printed this is its output:
//! - all of it, when that is one JSON document;
//! - else the JSON object that it ends with and that begins on a line of its own: what came before was log;
//! - else all of it, as text without the line ends at its end.

use std::path::Path;

use mainspring_types::{Problem, Value};

use crate::{
    Given, Invocation, Transcript,
    command::{message, text, too_long},
    document,
    ending::{failure, with_stderr},
    json, python_variables,
};

/// What starts the program `file` with the interpreter at `python`.
pub fn invocation(python: &Path, file: &str, given: Given<'_>) -> Result<Invocation, Problem> {
    let input = document(given.input)?;
    let input = serde_json::from_str(input.get()).expect("raw JSON reads as JSON");
    let mut argv = vec![python.into(), file.into()];
    argv.extend(mainspring_agent::prompt(&input)?.map(Into::into));
    Ok(Invocation { argv, env: python_variables(), stdin: Some(message(given)?) })
}

/// The output of the program, read from what was seen of it.
pub fn answer(seen: &Transcript<'_>) -> Result<Value, Problem> {
    if let Some(problem) = failure(seen, None) {
        return Err(problem);
    }
    let whole = if seen.stdout_lost == 0 { json::read(seen.stdout).ok() } else { None };
    let last = || json::last_block(seen.stdout).and_then(json::read_object).map(|(object, _)| object);
    match whole.or_else(last) {
        Some(found) => Ok(Value::Json(found.to_owned().into())),
        None if seen.stdout_lost > 0 => Err(with_stderr(too_long(seen), seen)),
        None => Ok(text(seen)),
    }
}

#[cfg(test)]
mod tests;
