//! From the command line to a request, checked as far as that can be done without a server.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use mainspring_agent::{Agent, CommandLine, Image, Layers, Overlay};
use mainspring_api::{limit::Dollars, run::CreateRun};
use mainspring_types::{Code, Problem, parse_duration};
use serde_json::Value;

use super::Args;
use crate::failure::Failure;

/// Reads `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// Checks a duration and leaves it as it was written.
pub(super) fn duration(text: &str) -> Result<String, String> {
    parse_duration(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Reads `PATTERN=VERDICT`. A pattern may hold `=` itself.
pub(in crate::verb) fn rule(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((pattern, verdict @ ("allow" | "ask" | "deny"))) if !pattern.is_empty() => {
            Ok((pattern.to_owned(), verdict.to_owned()))
        }
        _ => Err("write it as PATTERN=allow, PATTERN=ask or PATTERN=deny, such as 'shell(git push*)=ask'"
            .to_owned()),
    }
}

/// The request, but for its session. An agent at a path is read here, so that every mistake is told with its place in the user's file.
pub(super) fn build(args: &Args) -> Result<CreateRun, Failure> {
    let line = CommandLine {
        word: args.word.clone(),
        parameters: args.parameters.iter().cloned().chain(images(&args.images)?).collect(),
        input: args.input.as_deref().map(document).transpose()?,
    };
    let (agent, method, input) = if is_path(&args.agent) {
        let path = absolute(&args.agent)?;
        let agent = mainspring_agent::read(Path::new(&args.agent))?;
        let (method, input) = call(&agent, line)?;
        (path, method, input)
    } else {
        named(&args.agent, line)?
    };
    Ok(CreateRun {
        agent,
        method,
        input,
        timeout: args.timeout.clone(),
        allow_install: args.allow_install,
        max_tokens: args.max_tokens,
        max_cost: args.max_cost.clone().map(Dollars),
        max_calls: args.max_calls,
        workspace: args.workspace.as_deref().map(absolute).transpose()?,
        approvals: args.approvals.iter().cloned().collect(),
        ..CreateRun::default()
    })
}

/// The images as a parameter of the input, which is how a model agent takes them.
fn images(files: &[PathBuf]) -> Result<Option<(String, String)>, Problem> {
    if files.is_empty() {
        return Ok(None);
    }
    let images = files.iter().map(|file| Image::open(file)).collect::<Result<Vec<_>, _>>()?;
    let json = serde_json::to_string(&images).expect("images are JSON");
    Ok(Some(("images".to_owned(), json)))
}

/// A path holds `/` or begins with `.`, or is a Python program's or a definition's; anything else is a name.
pub(in crate::verb) fn is_path(agent: &str) -> bool {
    let extension = Path::new(agent).extension().and_then(|extension| extension.to_str());
    let is_file = extension.is_some_and(|extension| FILES.contains(&extension));
    is_file || agent.contains('/') || agent.starts_with('.')
}

/// The files that an agent may be made of, by their extensions.
const FILES: [&str; 4] = ["py", "yaml", "yml", "json"];

pub(in crate::verb) fn absolute(path: &str) -> Result<String, Problem> {
    let wrong = |why: &str| Problem::new(Code::AgentNotFound, format!("use `{path}` as a path: {why}"));
    let absolute = std::path::absolute(path).map_err(|error| wrong(&error.to_string()))?;
    absolute.into_os_string().into_string().map_err(|_| wrong("it is not UTF-8"))
}

type Called = (Option<String>, Option<Value>);

fn call(agent: &Agent, line: CommandLine) -> Result<Called, Problem> {
    let call = agent.call(line)?;
    // Which model answers where the definition names none is for the server to say.
    let model = Some("any/model".parse().expect("a model"));
    let layers = Layers { tenant: Overlay { model, ..Overlay::default() }, ..Layers::default() };
    agent.plan_within(&layers, call.method.as_deref(), call.input.clone())?;
    Ok((call.method, Some(call.input).filter(|input| !input.is_null())))
}

/// A name's manifest lies with the server: parameters are read as JSON where they are JSON, else as text.
fn named(name: &str, line: CommandLine) -> Result<(String, Option<String>, Option<Value>), Problem> {
    if Path::new(name).exists() {
        return Err(Problem::new(Code::AgentNotFound, format!("`{name}` is taken as the name of an agent"))
            .suggest(format!("write `./{name}` for the path")));
    }
    let mut input = line.input;
    if !line.parameters.is_empty() {
        let object = input.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
        let Value::Object(fields) = object else {
            return Err(Problem::new(
                Code::InvalidInput,
                "parameters can be added only to an input that is an object",
            ));
        };
        for (key, text) in line.parameters {
            let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            fields.insert(key, value);
        }
    }
    Ok((name.to_owned(), line.word, input))
}

/// The `--input` document: JSON, `@FILE` or `-`.
fn document(text: &str) -> Result<Value, Problem> {
    let (source, json) = match text.strip_prefix('@') {
        _ if text == "-" => ("standard input".to_owned(), standard_input()),
        Some(file) => (format!("`{file}`"), fs::read_to_string(file)),
        None => ("`--input`".to_owned(), Ok(text.to_owned())),
    };
    let json = json.map_err(|error| {
        Problem::new(Code::InvalidInput, format!("read the input from {source}")).because(&error)
    })?;
    serde_json::from_str(&json).map_err(|error| {
        Problem::new(Code::InvalidInput, format!("read {source} as JSON"))
            .because(&error)
            .suggest("text needs quotes in JSON: --input '\"text\"'; parameters are easier as -p KEY=VALUE")
    })
}

fn standard_input() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_a_key() {
        assert_eq!(pair("a=1=2"), Ok(("a".to_owned(), "1=2".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=1").is_err());
    }

    #[test]
    fn a_slash_or_a_dot_or_a_program_makes_a_path() {
        assert!(is_path("./calc") && is_path("a/b") && is_path("..") && is_path("/a") && is_path("a.py"));
        assert!(is_path("agent.yaml") && is_path("agent.yml") && is_path("agent.json"));
        assert!(!is_path("calc") && !is_path("calc@1.0") && !is_path("py"));
    }

    #[test]
    fn a_rule_ends_with_its_verdict() {
        assert_eq!(rule("shell(a=b*)=ask"), Ok(("shell(a=b*)".to_owned(), "ask".to_owned())));
        assert!(rule("shell").is_err() && rule("shell=maybe").is_err() && rule("=ask").is_err());
    }

    #[test]
    fn a_definition_without_a_model_is_left_to_the_server() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("talker.yaml");
        fs::write(&file, "kind: Agent\nname: talker\ninstructions: Talk.\n").expect("writes");
        let agent = mainspring_agent::read(&file).expect("it reads");
        let line =
            |word: Option<&str>| CommandLine { word: word.map(str::to_owned), ..CommandLine::default() };
        assert!(call(&agent, line(Some("Go"))).is_ok());
        let problem = call(&agent, line(None)).expect_err("it has nothing to do");
        assert_eq!(problem.message, "`talker` was given no prompt");
    }

    #[test]
    fn input_that_is_not_json_says_how_to_write_it() {
        let problem = document("hello").expect_err("no JSON");
        assert_eq!(problem.message, "read `--input` as JSON: expected value at line 1 column 1");
        assert_eq!(document("[1]").ok(), Some(serde_json::json!([1])));
    }
}
