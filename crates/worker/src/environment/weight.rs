//! How large folders are, and which packages make an environment large.
//!
//! Sizes are the lengths of files as they read, whatever the file system makes of them.

use std::{fs, path::Path};

use mainspring_types::ByteSize;

/// The files below `path`, in bytes; links are not followed, and what vanishes meanwhile counts nothing.
pub(super) fn weigh(path: &Path) -> ByteSize {
    let Ok(about) = fs::symlink_metadata(path) else { return ByteSize(0) };
    if !about.is_dir() {
        return ByteSize(about.len());
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    ByteSize(entries.map(|entry| weigh(&entry.path()).0).sum())
}

/// The `count` largest entries of a folder of packages, largest first.
pub(super) fn largest(packages: &Path, count: usize) -> Vec<(String, ByteSize)> {
    let entries = fs::read_dir(packages).into_iter().flatten().flatten();
    let mut weighed: Vec<_> = entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), weigh(&entry.path())))
        .collect();
    weighed.sort_by(|(one, size), (two, other)| other.cmp(size).then_with(|| one.cmp(two)));
    weighed.truncate(count);
    weighed
}

/// What is installed in a folder of packages, as `name version`, in order.
pub(super) fn installed(packages: &Path) -> Vec<String> {
    let entries = fs::read_dir(packages).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let folder = entry.file_name().into_string().ok()?;
            let (name, version) = folder.strip_suffix(".dist-info")?.rsplit_once('-')?;
            Some(format!("{name} {version}"))
        })
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_weighed_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, size) in [("big/data.bin", 5000), ("small/a.py", 10), ("big-1.0.dist-info/METADATA", 20)] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
            fs::write(path, vec![b'x'; size]).expect("a file");
        }
        assert_eq!(weigh(folder.path()), ByteSize(5030));
        assert_eq!(largest(folder.path(), 1), [("big".to_owned(), ByteSize(5000))]);
        assert_eq!(installed(folder.path()), ["big 1.0"]);
        assert_eq!(weigh(&folder.path().join("absent")), ByteSize(0));
    }
}
