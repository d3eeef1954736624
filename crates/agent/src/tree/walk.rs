//! Lists the files that make up a version, in the order of their paths, within the caps.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use mainspring_types::{ByteSize, Code, Problem};

use super::{BYTES_MAX, DATA_MARKER, FILES_MAX, Scope, Source, unreadable};

/// What is never part of a version: environments, version control and caches, which their tools make anew.
const LEFT_OUT: [&str; 10] = [
    ".venv",
    "venv",
    "__pycache__",
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
];

/// A file, folder or link of a version.
pub(super) struct Entry {
    /// Relative to the root.
    pub(super) path: PathBuf,
    pub(super) kind: EntryKind,
}

pub(super) enum EntryKind {
    Folder,
    File { size: u64 },
    Link { target: PathBuf },
}

/// The entries of `source`, sorted by path.
pub(super) fn list(source: &Source<'_>) -> Result<Vec<Entry>, Problem> {
    let mut entries = match source.scope {
        Scope::EntryAlone => vec![entry_alone(source)?],
        Scope::Folder => folder(source.root, |_| true)?,
        Scope::Modules => folder(source.root, is_importable)?,
    };
    entries.sort_unstable_by(|a, b| a.path.as_os_str().as_bytes().cmp(b.path.as_os_str().as_bytes()));
    check_size(&entries)?;
    Ok(entries)
}

fn entry_alone(source: &Source<'_>) -> Result<Entry, Problem> {
    let full = source.root.join(source.entry);
    let size = fs::metadata(&full).map_err(|error| unreadable(&full, &error))?.len();
    Ok(Entry { path: source.entry.into(), kind: EntryKind::File { size } })
}

/// What the folder holds: all of whatever in it `belongs`.
fn folder(root: &Path, belongs: impl Fn(&Path) -> bool) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    let mut due = vec![PathBuf::new()];
    while let Some(folder) = due.pop() {
        let full = root.join(&folder);
        let items = fs::read_dir(&full).map_err(|error| unreadable(&full, &error))?;
        for item in items {
            let item = item.map_err(|error| unreadable(&full, &error))?;
            let is_foreign = folder.as_os_str().is_empty() && !belongs(&item.path());
            if is_foreign || is_left_out(&item.file_name()) {
                continue;
            }
            let entry = classify(root, folder.join(item.file_name()))?;
            if matches!(entry.kind, EntryKind::Folder) {
                if root.join(&entry.path).join(DATA_MARKER).exists() {
                    continue;
                }
                due.push(entry.path.clone());
            }
            entries.push(entry);
            if entries.len() > FILES_MAX {
                return Err(too_many(root, &entries));
            }
        }
    }
    Ok(entries)
}

/// Whether Python takes it for a module or a package, links followed.
fn is_importable(path: &Path) -> bool {
    let is_source = path.extension().is_some_and(|extension| extension == "py");
    is_source && path.is_file() || path.join("__init__.py").is_file()
}

fn is_left_out(name: &OsStr) -> bool {
    LEFT_OUT.iter().any(|left_out| name == *left_out) || name.as_bytes().ends_with(b".pyc")
}

fn classify(root: &Path, path: PathBuf) -> Result<Entry, Problem> {
    let full = root.join(&path);
    let meta = fs::symlink_metadata(&full).map_err(|error| unreadable(&full, &error))?;
    let kind = if meta.is_dir() {
        EntryKind::Folder
    } else if meta.is_file() {
        EntryKind::File { size: meta.len() }
    } else if meta.is_symlink() {
        EntryKind::Link { target: link(root, &path).map_err(|error| unreadable(&full, &error))?? }
    } else {
        let message = format!("`{}` is a socket, pipe or device, which no version can hold", path.display());
        return Err(Problem::new(Code::InvalidTree, message).suggest("move it out of the agent's folder"));
    };
    Ok(Entry { path, kind })
}

/// The target of a link, as written, if it stays in the tree.
fn link(root: &Path, path: &Path) -> io::Result<Result<PathBuf, Problem>> {
    let full = root.join(path);
    let target = fs::read_link(&full)?;
    // Both: as written for links that lead nowhere yet, followed for links whose target is beyond another link.
    let inside = stays_inside(path, &target)
        && match fs::canonicalize(&full) {
            Ok(end) => end.starts_with(fs::canonicalize(root)?),
            Err(_) => true,
        };
    Ok(if inside {
        Ok(target)
    } else {
        let message = format!(
            "the link `{}` leads to `{}`, out of the agent's folder",
            path.display(),
            target.display()
        );
        Err(Problem::new(Code::InvalidTree, message).suggest("put the file itself into the folder"))
    })
}

/// Whether `target`, as written in the link `path`, stays below the root.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count() - 1;
    for part in target.components() {
        depth = match part {
            Component::Normal(_) => depth + 1,
            Component::CurDir => depth,
            Component::ParentDir if depth > 0 => depth - 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        };
    }
    true
}

fn check_size(entries: &[Entry]) -> Result<(), Problem> {
    let files = || {
        entries.iter().filter_map(|entry| match entry.kind {
            EntryKind::File { size } => Some((size, &entry.path)),
            EntryKind::Folder | EntryKind::Link { .. } => None,
        })
    };
    let total: u64 = files().map(|(size, _)| size).sum();
    match files().max() {
        Some((size, largest)) if total > BYTES_MAX => {
            let (total, most, size) = (ByteSize(total), ByteSize(BYTES_MAX), ByteSize(size));
            let message = format!(
                "the agent's files are {total}, more than {most}; the largest is `{}`, {size}",
                largest.display()
            );
            Err(Problem::new(Code::InvalidTree, message).suggest("keep data outside the agent's folder"))
        }
        _ => Ok(()),
    }
}

fn too_many(root: &Path, entries: &[Entry]) -> Problem {
    let mut counts: BTreeMap<&OsStr, usize> = BTreeMap::new();
    for first in entries.iter().filter_map(|entry| entry.path.iter().next()) {
        *counts.entry(first).or_default() += 1;
    }
    let (largest, count) =
        counts.into_iter().max_by_key(|(_, count)| *count).expect("over the cap there are entries");
    let message = format!(
        "`{}` holds more than {FILES_MAX} files; the most, {count} seen, are in `{}`",
        root.display(),
        Path::new(largest).display()
    );
    Problem::new(Code::InvalidTree, message).suggest("give the agent a folder of its own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_in_words_before_it_is_followed_on_disk() {
        let inside = |path: &str, target: &str| stays_inside(Path::new(path), Path::new(target));
        assert!(inside("a/b", "../c") && inside("a", "./b/../c") && inside("a/b/c", "../../d"));
        assert!(!inside("a", "../a") && !inside("a/b", "../../c") && !inside("a", "/etc/passwd"));
    }
}
