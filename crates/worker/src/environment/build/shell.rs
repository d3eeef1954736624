//! The surroundings of an install command: no shell, a minimal environment, and the caches that later builds share.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use super::Build;
use crate::environment::{
    orphans::MARK,
    process::{End, Ended},
};

/// What an install command may make of the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Network {
    /// What there is.
    AsItIs,
    /// Nothing: only what the caches hold.
    Unused,
}

/// The command of these words, the first of which is the program.
pub(super) fn command(build: &Build<'_>, words: &[OsString], folder: &Path, network: Network) -> Command {
    let mut command = Command::new(program(build, &words[0]));
    command.args(&words[1..]).current_dir(folder).env_clear();
    command.envs(defaults()).envs(build.settings.machine.passed_on.iter().map(|(name, value)| (name, value)));
    command.envs(fixed(build));
    if network == Network::Unused {
        command.env("UV_OFFLINE", "1");
    }
    command
}

/// The environment's own programs come first, as they would in an activated shell.
fn program(build: &Build<'_>, word: &OsString) -> PathBuf {
    let own = build.home.bin().join(word);
    if own.is_file() { own } else { word.into() }
}

/// What the user may set otherwise.
fn defaults() -> [(&'static str, &'static str); 3] {
    [
        // Linked files would let one agent's writes reach the cache, and through it every other agent.
        ("UV_LINK_MODE", "copy"),
        // Agents see their environment read only, so what is not compiled now is compiled at every start.
        ("UV_COMPILE_BYTECODE", "1"),
        ("LANG", "C.UTF-8"),
    ]
}

/// What is ours to choose.
fn fixed(build: &Build<'_>) -> Vec<(&'static str, OsString)> {
    let (home, layout) = (&build.home, build.layout);
    let path = [home.bin().into_os_string(), ":".into(), build.settings.machine.path.clone()];
    vec![
        (MARK, home.path().into()),
        ("PATH", path.into_iter().collect()),
        ("HOME", layout.cache("home").into()),
        ("TMPDIR", home.scratch().into()),
        ("VIRTUAL_ENV", home.venv().into()),
        ("PIP_CACHE_DIR", layout.cache("pip").into()),
        ("PIP_NO_INPUT", "1".into()),
        ("PIP_PROGRESS_BAR", "off".into()),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1".into()),
        ("UV_CACHE_DIR", layout.cache("uv").into()),
        ("UV_NO_PROGRESS", "1".into()),
        ("UV_PYTHON_DOWNLOADS", "never".into()),
        ("UV_PROJECT_ENVIRONMENT", home.venv().into()),
    ]
}

/// What uv and pip print when no index can be reached.
pub(super) const NO_NETWORK: [&str; 6] = [
    "error sending request",
    "dns error",
    "Failed to fetch",
    "Could not connect",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
];

/// Whether a command failed because no index could be reached.
pub(super) fn lacks_network(ended: &Ended) -> bool {
    let failed = matches!(ended.end, End::Exited(status) if !status.success());
    let output = ended.output.to_string();
    failed && NO_NETWORK.iter().any(|text| output.contains(text))
}
