//! Any program: its input as JSON on standard input, its output on standard output.
//!
//! The program reads `{"input": ..., "previous": ...}`, ends with exit code 0 and has printed its output: JSON when all
//! of it is one document, text otherwise, unless the definition says which. Text loses the line ends at its end, as in
//! a shell. Another exit code is a failure, and its standard error says why.

use std::ffi::OsString;

use mainspring_agent::Output;
use mainspring_types::{Code, Problem, Value};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    Given, Invocation, Transcript, document,
    ending::{failure, with_stderr},
    json,
};

/// What starts the program `argv`.
pub fn invocation(argv: &[String], given: Given<'_>) -> Result<Invocation, Problem> {
    let argv = argv.iter().map(OsString::from).collect();
    Ok(Invocation { argv, env: Vec::new(), stdin: Some(message(given)?) })
}

/// What a program reads: `{"input": ..., "previous": ...}` on one line.
pub(crate) fn message(given: Given<'_>) -> Result<Vec<u8>, Problem> {
    #[derive(Serialize)]
    struct Message<'a> {
        input: &'a RawValue,
        previous: Option<&'a RawValue>,
    }
    let input = document(given.input)?;
    let previous = given.previous.map(document).transpose()?;
    let message = Message { input: &input, previous: previous.as_deref() };
    let mut stdin = serde_json::to_vec(&message).expect("raw JSON serialises");
    // A line end, for programs that read one line.
    stdin.push(b'\n');
    Ok(stdin)
}

/// The output of the program, read from what was seen of it.
pub fn answer(output: Output, seen: &Transcript<'_>) -> Result<Value, Problem> {
    if let Some(problem) = failure(seen, None) {
        return Err(problem);
    }
    if seen.stdout_lost > 0 {
        return Err(with_stderr(too_long(seen), seen));
    }
    match (output, json::read(seen.stdout)) {
        (Output::Auto | Output::Json, Ok(document)) => Ok(Value::Json(document.to_owned().into())),
        (Output::Json, Err(error)) => Err(with_stderr(no_json(&error, seen), seen)),
        (Output::Auto | Output::Text, _) => Ok(text(seen)),
    }
}

/// All that was printed, without the line ends at its end.
pub(crate) fn text(seen: &Transcript<'_>) -> Value {
    let text = String::from_utf8_lossy(seen.stdout);
    Value::Text(text.trim_end_matches(['\n', '\r']).to_owned())
}

pub(crate) fn too_long(seen: &Transcript<'_>) -> Problem {
    let printed = seen.stdout_lost + seen.stdout.len() as u64;
    Problem::new(
        Code::InvalidAnswer,
        format!("the program printed {printed} bytes, and an output has at most {} bytes", seen.stdout.len()),
    )
    .suggest("write large results to a file and print where it is")
}

fn no_json(error: &serde_json::Error, seen: &Transcript<'_>) -> Problem {
    let message = if seen.stdout.trim_ascii().is_empty() {
        "the program printed nothing where JSON was expected".to_owned()
    } else {
        format!("the program's output is no JSON ({error}): {}", crate::text::beginning(seen.stdout))
    };
    Problem::new(Code::InvalidAnswer, message)
        .suggest("print one JSON document, or set `output: text` in the definition")
}

#[cfg(test)]
mod tests;
