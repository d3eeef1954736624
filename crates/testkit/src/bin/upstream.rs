//! A scripted provider of models, by hand: `upstream --script FILE --port N --log FILE`.
//!
//! One line of JSON on standard output says where it listens. It runs until it is killed.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    thread,
};

use clap::Parser;
use mainspring_scripted::{Ids, Script};
use mainspring_testkit::upstream::{Settings, Upstream};
use serde_json::json;

/// A provider of models on loopback that answers from a script.
#[derive(Parser)]
struct Arguments {
    /// The script, YAML or JSON; without one, what the user says is repeated.
    #[arg(long)]
    script: Option<PathBuf>,
    /// Where to listen; 0 is any free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where to append a line of JSON for every request and every end of an answer.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Count ids up from 1 instead of making them look random.
    #[arg(long)]
    counting_ids: bool,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let script = match read(&arguments)? {
        Ok(script) => script,
        Err(problem) => {
            writeln!(io::stderr(), "error: {problem}")?;
            return Ok(ExitCode::from(2));
        }
    };
    let log =
        arguments.log.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
    let ids = if arguments.counting_ids { Ids::Counting } else { Ids::Seeded(0) };
    let upstream = Upstream::start_with(script, Settings { port: arguments.port, ids, time: None, log });
    let line = json!({"base_url": upstream.base_url(), "port": upstream.port(), "pid": std::process::id()});
    writeln!(io::stdout(), "{line}")?;
    loop {
        thread::park();
    }
}

/// The script, or what is wrong with it.
fn read(arguments: &Arguments) -> io::Result<Result<Script, String>> {
    let Some(path) = &arguments.script else { return Ok(Ok(Script::echo())) };
    let text = fs::read_to_string(path)?;
    Ok(Script::parse(&text, &path.to_string_lossy()).map_err(|problem| {
        let place = problem.location.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let hint = problem.suggestion.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("{place}{problem}{hint}")
    }))
}
