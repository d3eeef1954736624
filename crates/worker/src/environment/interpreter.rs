//! Finds the first Python interpreter on the machine that an agent accepts. Nothing is ever downloaded.
//!
//! Candidates come from `MAINSPRING_PYTHON`, then `PATH`, then pyenv. Each is asked once what it is; the answer is kept
//! on disk and holds as long as the file it came from stays the same, so that a warm look-up starts no process.

mod answers;
mod candidates;

use std::{
    ffi::OsString,
    fmt,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use mainspring_agent::PythonRequirement;
use mainspring_types::{Code, Problem};
use serde::{Deserialize, Serialize};

use self::answers::{Answers, Asked};
use super::{
    cancel::Cancel,
    process::{self, Bounds, End},
    settings::Machine,
};

/// The oldest that both pip and uv still serve.
const OLDEST: (u8, u8, u8) = (3, 8, 0);

/// An interpreter, as it described itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Interpreter {
    /// The program itself, behind links, shims and virtual environments.
    pub(super) path: PathBuf,
    pub(super) version: (u8, u8, u8),
    /// With the build and the compiler: a rebuilt interpreter is another one.
    pub(super) full: String,
}

impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.version;
        write!(f, "Python {major}.{minor}.{patch} at {}", self.path.display())
    }
}

/// Whether a candidate that is not known yet may be started and asked.
pub(super) enum Asking<'a> {
    /// It may, as long as somebody waits.
    Allowed(&'a Cancel),
    /// It may not: the search ends there without a result.
    Forbidden,
}

/// The first interpreter that `wanted` accepts.
pub(super) fn find(
    wanted: &PythonRequirement,
    machine: &Machine,
    known: &Path,
    asking: &Asking<'_>,
) -> Result<Interpreter, Problem> {
    if let Some(named) = machine.python.as_deref().filter(|named| !named.is_file()) {
        return Err(not_there(named));
    }
    let mut answers = Answers::read(known);
    let mut refused = Vec::new();
    let mut found = None;
    for candidate in candidates::list(machine) {
        match answers.get_or_ask(candidate, asking) {
            Asked::Is(interpreter) if suits(wanted, &interpreter) => {
                found = Some(interpreter);
                break;
            }
            Asked::Is(interpreter) => refused.push(interpreter),
            Asked::Nothing => {}
            // A later one must not win only because this one may not be asked now.
            Asked::Unknown => break,
        }
    }
    answers.write(known);
    found.ok_or_else(|| none_found(wanted, refused))
}

fn suits(wanted: &PythonRequirement, interpreter: &Interpreter) -> bool {
    interpreter.version >= OLDEST && wanted.accepts(interpreter.version)
}

fn not_there(named: &Path) -> Problem {
    Problem::new(
        Code::InvalidConfiguration,
        format!("MAINSPRING_PYTHON names `{}`, which is no file", named.display()),
    )
    .suggest("set it to a Python interpreter, or unset it to search the PATH")
}

fn none_found(wanted: &PythonRequirement, mut refused: Vec<Interpreter>) -> Problem {
    refused.sort_by(|one, other| other.version.cmp(&one.version).then_with(|| one.path.cmp(&other.path)));
    refused.dedup();
    let list: Vec<_> = refused.iter().map(Interpreter::to_string).collect();
    let found = if list.is_empty() { "found none".to_owned() } else { format!("found {}", list.join(", ")) };
    Problem::new(
        Code::InterpreterNotFound,
        format!("no Python interpreter on this machine satisfies `{wanted}`: {found}"),
    )
    .suggest(
        "install one that does, put it on the PATH or set MAINSPRING_PYTHON to it; Mainspring downloads none",
    )
}

/// What an interpreter is asked; its answer is one line.
const QUESTION: &str = "import json,os,sys
base = getattr(sys, '_base_executable', None) or sys.executable
print(json.dumps({'path': os.path.realpath(base), 'version': list(sys.version_info[:3]), 'full': sys.version}))";

const ANSWER_TIME: Duration = Duration::from_secs(10);

/// What came of asking a candidate.
enum Answer {
    /// It described itself.
    Is(Interpreter),
    /// It is no interpreter we can use.
    Unusable,
    /// It could not be asked this time.
    None,
}

fn ask(candidate: &Path, cancel: &Cancel) -> Answer {
    let mut command = Command::new(candidate);
    // An interpreter that is a shim may look at the folder it is started in.
    command
        .args(["-I", "-S", "-c", QUESTION])
        .current_dir("/")
        .env_clear()
        .env("PATH", search_path(candidate));
    let mut bounds = Bounds { time: ANSWER_TIME, cancel, watch: &mut || ControlFlow::Continue(()) };
    let Ok(ended) = process::run(command, &mut bounds) else { return Answer::Unusable };
    match ended.end {
        End::Exited(status) if status.success() => {
            let text = ended.output.to_string();
            let described = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
            described.map_or(Answer::Unusable, Answer::Is)
        }
        End::Exited(_) => Answer::Unusable,
        End::OutOfTime | End::Cancelled | End::Stopped => Answer::None,
    }
}

/// A shim finds its manager beside itself.
fn search_path(candidate: &Path) -> OsString {
    let folder = candidate.parent().unwrap_or(Path::new("/")).as_os_str().to_owned();
    [folder, ":/usr/local/bin:/usr/bin:/bin".into()].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_and_what_is_wanted_is_said() {
        let at = |version, path: &str| Interpreter { path: path.into(), version, full: String::new() };
        let found = vec![at((3, 9, 18), "/usr/bin/python3.9"), at((3, 11, 7), "/usr/bin/python3.11")];
        let problem = none_found(&">=3.14".parse().expect("a requirement"), found);
        assert_eq!(
            problem.message,
            "no Python interpreter on this machine satisfies `>=3.14`: \
             found Python 3.11.7 at /usr/bin/python3.11, Python 3.9.18 at /usr/bin/python3.9"
        );
    }
}
