//! How environments are built: the tool, the bounds, and what is used of the machine.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::Duration,
};

use mainspring_types::ByteSize;

/// How environments are built. Resolved once; nothing reads the process's environment later.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What installs packages.
    pub tool: ToolChoice,
    /// The largest an environment may become; [`Settings::CAP`] unless told otherwise.
    pub cap: ByteSize,
    /// How long one command may take; [`Settings::COMMAND_TIME`] unless told otherwise.
    pub command_time: Duration,
    /// Which install commands are run.
    pub allow_install: AllowInstall,
    /// What is used of the machine.
    pub machine: Machine,
}

/// What installs packages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ToolChoice {
    /// uv when it is found, else pip.
    Auto,
    /// This uv.
    Uv(PathBuf),
    /// The interpreter's own `venv` and pip.
    Pip,
}

/// Which install commands are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllowInstall {
    /// Those of a uv or pip form that puts packages into the environment and nowhere else.
    Recognised,
    /// Every command, still without a shell.
    Any,
}

/// What is used of the machine.
#[derive(Clone, Default, Debug)]
pub struct Machine {
    /// Where programs are looked for, as `PATH` is written.
    pub path: OsString,
    /// The interpreter to try before all others: `MAINSPRING_PYTHON`.
    pub python: Option<PathBuf>,
    /// pyenv's folder: `PYENV_ROOT`, or `~/.pyenv`.
    pub pyenv: Option<PathBuf>,
    /// Variables that install commands see: how people configure their package index, proxy and certificates.
    pub passed_on: Vec<(OsString, OsString)>,
}

impl Settings {
    /// 2 GB.
    pub const CAP: ByteSize = ByteSize(2_000_000_000);

    /// 5 minutes.
    pub const COMMAND_TIME: Duration = Duration::from_mins(5);

    /// The defaults, on the machine that this process's environment describes.
    ///
    /// `MAINSPRING_UV` names the uv to use; without it, uv is looked for in `PATH`.
    pub fn from_env() -> Self {
        Self {
            tool: variable("MAINSPRING_UV").map_or(ToolChoice::Auto, |path| ToolChoice::Uv(path.into())),
            cap: Self::CAP,
            command_time: Self::COMMAND_TIME,
            allow_install: AllowInstall::Recognised,
            machine: Machine::from_env(),
        }
    }
}

impl Machine {
    fn from_env() -> Self {
        let home_pyenv = || variable("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
        Self {
            path: variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
            python: variable("MAINSPRING_PYTHON").map(PathBuf::from),
            pyenv: variable("PYENV_ROOT").map(PathBuf::from).or_else(home_pyenv),
            passed_on: env::vars_os().filter(|(name, _)| passes(name)).collect(),
        }
    }
}

/// The variable, when it is set to something.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

const PASSED: [&str; 12] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// Variables of pip and uv that would install elsewhere than into our environment, or that hold keys to publish with.
const WITHHELD: [&str; 12] = [
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_PYTHON",
    "PIP_REQUIRE_VIRTUALENV",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_TARGET",
    "UV_PREFIX",
    "UV_PROJECT",
    "UV_WORKING_DIRECTORY",
];

fn passes(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let of_tools = name.starts_with("PIP_") || name.starts_with("UV_");
    let withheld = WITHHELD.contains(&name) || name.starts_with("UV_PUBLISH_");
    PASSED.contains(&name) || (of_tools && !withheld)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_passed_on_and_keys_are_not() {
        for name in ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "SSL_CERT_FILE", "https_proxy"] {
            assert!(passes(name.as_ref()), "{name}");
        }
        for name in ["OPENAI_API_KEY", "UV_PUBLISH_TOKEN", "PIP_TARGET", "HOME", "PYTHONPATH"] {
            assert!(!passes(name.as_ref()), "{name}");
        }
    }
}
