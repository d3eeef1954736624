//! What installs packages: uv, or the interpreter's own `venv` and pip.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use mainspring_agent::InstallCommand;
use mainspring_types::{Code, Problem};

use super::settings::{Machine, ToolChoice};

/// What installs packages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Tool {
    Uv(PathBuf),
    Pip,
}

impl Tool {
    /// The tool that was chosen, or the best that is there.
    pub(super) fn find(choice: &ToolChoice, machine: &Machine) -> Result<Self, Problem> {
        match choice {
            ToolChoice::Pip => Ok(Self::Pip),
            ToolChoice::Uv(path) if is_program(path) => Ok(Self::Uv(path.clone())),
            ToolChoice::Uv(path) => Err(not_there(path)),
            ToolChoice::Auto => Ok(in_path(machine).map_or(Self::Pip, Self::Uv)),
        }
    }

    /// What the key and the record call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Uv(_) => "uv",
            Self::Pip => "pip",
        }
    }

    /// The program and arguments that make an empty environment in `venv`, ready for packages.
    pub(super) fn creation(&self, interpreter: &Path, venv: &Path) -> Vec<OsString> {
        match self {
            Self::Uv(uv) => {
                let fixed = ["venv", "--no-python-downloads", "--no-project", "--python"];
                words(&[uv.as_ref()], &fixed, &[interpreter.as_ref(), venv.as_ref()])
            }
            Self::Pip => words(&[interpreter.as_ref()], &["-I", "-m", "venv"], &[venv.as_ref()]),
        }
    }

    /// The program and arguments that carry out `command` in the environment whose interpreter is `python`.
    ///
    /// `None` when this tool cannot do it.
    pub(super) fn invocation(&self, command: &InstallCommand, python: &Path) -> Option<Vec<OsString>> {
        let python = python.as_os_str();
        let mut argv = match (command, self) {
            (InstallCommand::Install(_), Self::Uv(uv)) => {
                words(&[uv.as_ref()], &["pip", "install", "--python"], &[python])
            }
            (InstallCommand::Install(_), Self::Pip) => words(&[python], &["-m", "pip", "install"], &[]),
            (InstallCommand::Sync(_), Self::Uv(uv)) => words(&[uv.as_ref()], &["sync"], &[]),
            // What pip can do of it: install the project, when nothing more was asked for.
            (InstallCommand::Sync(rest), Self::Pip) if rest.is_empty() => {
                words(&[python], &["-m", "pip", "install", "-e", "."], &[])
            }
            (InstallCommand::Other(_), _) => Vec::new(),
            _ => return None,
        };
        if let InstallCommand::Install(rest) | InstallCommand::Sync(rest) | InstallCommand::Other(rest) =
            command
        {
            argv.extend(rest.iter().map(OsString::from));
        }
        Some(argv)
    }
}

/// The program and arguments that make an environment in `venv` that nothing will be installed into.
pub(super) fn bare_creation(interpreter: &Path, venv: &Path) -> Vec<OsString> {
    words(&[interpreter.as_ref()], &["-I", "-m", "venv", "--without-pip"], &[venv.as_ref()])
}

fn words(before: &[&OsStr], fixed: &[&str], after: &[&OsStr]) -> Vec<OsString> {
    let fixed = fixed.iter().map(OsStr::new);
    before.iter().copied().chain(fixed).chain(after.iter().copied()).map(OsStr::to_owned).collect()
}

fn not_there(path: &Path) -> Problem {
    Problem::new(
        Code::InvalidConfiguration,
        format!("MAINSPRING_UV names `{}`, which is no program", path.display()),
    )
    .suggest("set it to a uv, or unset it to use the uv in the PATH, else pip")
}

/// The first uv in `PATH`; a shim of pyenv works only while the right version is selected, so it does not count.
fn in_path(machine: &Machine) -> Option<PathBuf> {
    let shims = machine.pyenv.as_ref().map(|root| root.join("shims"));
    env::split_paths(&machine.path)
        .filter(|folder| Some(folder) != shims.as_ref())
        .map(|folder| folder.join(OsStr::new("uv")))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    const ANYBODY_RUNS: u32 = 0o111;
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & ANYBODY_RUNS != 0)
}
