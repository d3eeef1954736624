//! Which files may be interpreters, in the order in which they are tried.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::environment::settings::Machine;

/// Every candidate once: the one the user named, then `PATH` in its order, then pyenv's versions.
pub(super) fn list(machine: &Machine) -> Vec<PathBuf> {
    let pyenv = machine.pyenv.as_deref();
    let in_path = env::split_paths(&machine.path).flat_map(|folder| match pyenv {
        // A shim answers for whatever version is selected at the moment; the versions stand in its place.
        Some(root) if folder == root.join("shims") => of_pyenv(root),
        _ => in_folder(&folder),
    });
    let mut seen = Vec::new();
    let mut listed = Vec::new();
    let all = machine.python.iter().cloned().chain(in_path).chain(pyenv.into_iter().flat_map(of_pyenv));
    for candidate in all {
        // By its real path: `python3` is most often a link to `python3.11` beside it.
        let Ok(real) = candidate.canonicalize() else { continue };
        let is_python = real.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
        let identity = if is_python { real } else { candidate.clone() };
        if !seen.contains(&identity) {
            seen.push(identity);
            listed.push(candidate);
        }
    }
    listed
}

/// `python3`, `python`, then `python3.N` from the newest.
fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named: Vec<(Rank, PathBuf)> =
        entries.filter_map(|entry| Some((Rank::of(&entry.file_name())?, entry.path()))).collect();
    named.sort();
    named.into_iter().map(|(_, path)| path).collect()
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Python3,
    Python,
    Minor(std::cmp::Reverse<u8>),
}

impl Rank {
    fn of(name: &OsStr) -> Option<Self> {
        match name.to_str()? {
            "python3" => Some(Self::Python3),
            "python" => Some(Self::Python),
            other => other
                .strip_prefix("python3.")?
                .parse()
                .ok()
                .map(|minor| Self::Minor(std::cmp::Reverse(minor))),
        }
    }
}

/// The versions the user selected for all folders, then the others from the newest.
fn of_pyenv(root: &Path) -> Vec<PathBuf> {
    let selected = fs::read_to_string(root.join("version")).unwrap_or_default();
    let selected: Vec<&str> = selected.split_whitespace().collect();
    let entries = fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
    let mut versions: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    versions.sort_by_cached_key(|name| {
        let place = selected.iter().position(|each| each == name).unwrap_or(usize::MAX);
        let parts: Vec<u32> = name.split('.').map_while(|part| part.parse().ok()).collect();
        (place, std::cmp::Reverse(parts))
    });
    versions.iter().map(|name| root.join("versions").join(name).join("bin/python3")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shims_give_way_to_versions_and_no_file_is_tried_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a real path");
        let files = [
            "bin/python3.9",
            "bin/python3.12",
            "pyenv/shims/python3",
            "pyenv/versions/3.9.18/bin/python3",
            "pyenv/versions/3.10.2/bin/python3",
            "pyenv/versions/3.13.0/bin/python3",
        ];
        for file in files {
            fs::create_dir_all(root.join(file).parent().expect("in a folder")).expect("a folder");
            fs::write(root.join(file), "").expect("a file");
        }
        std::os::unix::fs::symlink("python3.9", root.join("bin/python3")).expect("a link");
        fs::write(root.join("pyenv/version"), "3.10.2\n").expect("a file");
        let path = env::join_paths([root.join("pyenv/shims"), root.join("bin")]).expect("a path");
        let machine = Machine { path, pyenv: Some(root.join("pyenv")), ..Machine::default() };
        let listed: Vec<_> = list(&machine)
            .iter()
            .map(|path| path.strip_prefix(&root).expect("inside").display().to_string())
            .collect();
        assert_eq!(
            listed,
            [
                "pyenv/versions/3.10.2/bin/python3",
                "pyenv/versions/3.13.0/bin/python3",
                "pyenv/versions/3.9.18/bin/python3",
                "bin/python3",
                "bin/python3.12",
            ]
        );
    }
}
