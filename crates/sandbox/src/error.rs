//! Why a program was not started, for the caller and for the person who asked.

use std::{io, path::PathBuf};

use mainspring_types::{Code, Problem};

use crate::{spec::Need, wire::Fault};

/// A program was not started. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each field is named by the message of its variant")]
pub enum StartError {
    /// The caller's specification cannot be executed by any kernel.
    #[error("the program cannot be started: {reason}")]
    Malformed { reason: String },
    /// There is no such program.
    #[error("program `{program}` was not found{}", searched(path.as_deref()))]
    NotFound { program: String, path: Option<String>, nearest: Option<String> },
    /// The file is there and cannot be executed.
    #[error("program `{program}` cannot be executed")]
    NotExecutable {
        program: String,
        #[source]
        source: io::Error,
    },
    /// The working folder cannot be entered.
    #[error("folder `{}` cannot be entered", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A part of the isolation that was found to work before failed now.
    #[error("the program could not be confined ({doing})")]
    Confine {
        doing: String,
        #[source]
        source: io::Error,
    },
    /// The supervisor could not be started.
    #[error("supervisor `{}` could not be started", exe.display())]
    Supervisor {
        exe: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The supervisor ended before it said whether the program runs.
    #[error("the supervisor ended before the program started")]
    SupervisorLost,
    /// What the caller insists on cannot be had on this machine.
    #[error("{} cannot be had on this machine: {reason}", wanted(*need))]
    Unavailable { need: Need, reason: String },
    /// The program is to be confined, and cannot be on this machine.
    #[error("confining a program to its own folders cannot be had on this machine; missing: {missing}")]
    Unconfinable { missing: String },
}

fn searched(path: Option<&str>) -> String {
    path.map(|path| format!(" in `{path}`")).unwrap_or_default()
}

const fn wanted(need: Need) -> &'static str {
    match need {
        Need::PidNamespace => "a PID namespace",
        Need::Memory => "a memory limit on all processes of an agent",
        Need::Processes => "a limit on the number of processes",
        Need::Hiding => "hiding folders from an agent",
    }
}

/// The kernel's reason, or the supervisor's own words where the kernel gave none.
pub(crate) fn cause(fault: Fault) -> io::Error {
    match fault.errno {
        0 => io::Error::other(fault.reason),
        errno => io::Error::from_raw_os_error(errno),
    }
}

impl StartError {
    fn suggestion(&self) -> Option<String> {
        let text = match self {
            Self::Malformed { .. } => return None,
            Self::NotFound { nearest: Some(nearest), .. } => {
                return Some(format!("did you mean `{nearest}`?"));
            }
            Self::NotFound { path: Some(_), .. } => "install it, or give its full path",
            Self::NotFound { path: None, .. } => {
                "check the path; it is taken from the agent's folder when relative"
            }
            Self::NotExecutable { source, .. } => match source.raw_os_error() {
                Some(libc::EACCES) => "make the file executable with `chmod +x`",
                Some(libc::ENOENT) => "install the interpreter that its first line names, or mend that line",
                Some(libc::ENOEXEC) => "begin a script with `#!` and its interpreter, such as `#!/bin/sh`",
                Some(libc::E2BIG) => "pass long input on the standard input instead of in arguments",
                _ => "try the program by hand in the same folder",
            },
            Self::Folder { .. } => "check that the folder exists and that this user may enter it",
            Self::Confine { .. } | Self::Unavailable { .. } | Self::Unconfinable { .. } => {
                "see what this machine offers with `mainspring doctor`"
            }
            Self::Supervisor { .. } => {
                "check that the `mainspring` binary is still there and may be executed"
            }
            Self::SupervisorLost => "check the machine's memory and its limit on processes, then try again",
        };
        Some(text.to_owned())
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        let code = match error {
            StartError::Unavailable { .. } | StartError::Unconfinable { .. } => Code::SandboxUnavailable,
            _ => Code::SpawnFailed,
        };
        let mut problem = Self::new(code, error.to_string());
        if let Some(source) = std::error::Error::source(&error) {
            problem = problem.because(source);
        }
        match error.suggestion() {
            Some(suggestion) => problem.suggest(suggestion),
            None => problem,
        }
    }
}
