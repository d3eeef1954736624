//! The interpreters and tools that package agents need.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use mainspring_sandbox::{Finding, Status};

use super::finding;

const NO_PYTHON: &str =
    "install Python 3.11 or later, or name one in MAINSPRING_PYTHON; only agents in Python need it";
const NO_UV: &str = "install uv for environments built in seconds; without it pip builds them";

/// Every Python that can be found, then uv.
pub(super) fn findings() -> Vec<Finding> {
    let named = env::var_os("MAINSPRING_PYTHON").filter(|path| !path.is_empty()).map(PathBuf::from);
    let mut known = BTreeSet::new();
    let mut findings: Vec<Finding> = named
        .into_iter()
        .chain(in_path(is_python))
        .filter(|path| known.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())))
        .filter_map(|path| Some(finding(version(&path)?, Status::Ok, path.display().to_string(), None)))
        .collect();
    if findings.is_empty() {
        findings.push(finding("Python", Status::Missing, "no interpreter in PATH", Some(NO_PYTHON)));
    }
    findings.push(uv());
    findings
}

fn uv() -> Finding {
    let named = env::var_os("MAINSPRING_UV").filter(|path| !path.is_empty()).map(PathBuf::from);
    let found = named.or_else(|| in_path(|name| name == "uv").into_iter().next());
    match found.and_then(|path| Some((version(&path)?, path))) {
        Some((version, path)) => {
            let short = version.split(' ').take(2).collect::<Vec<_>>().join(" ");
            finding(short, Status::Ok, path.display().to_string(), None)
        }
        None => finding("uv", Status::Degraded, "not found", Some(NO_UV)),
    }
}

/// `python3` and `python3.11`, not `python3-config`.
fn is_python(name: &str) -> bool {
    name.strip_prefix("python3").is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('.').is_some_and(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The programs in `PATH` whose name is wanted, in its order.
fn in_path(wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut found = Vec::new();
    for folder in env::split_paths(&path).filter(|folder| folder.is_absolute()) {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        found.extend(names.into_iter().filter(|name| wanted(name)).map(|name| folder.join(name)));
    }
    found.retain(|program| is_executable(program));
    found
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// What the program says of its version, in its first line.
fn version(program: &Path) -> Option<String> {
    let output =
        Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_told_from_their_tools() {
        assert!(is_python("python3") && is_python("python3.11"));
        assert!(!is_python("python3-config") && !is_python("python3.11-config") && !is_python("python"));
    }
}
