//! Folders to measure in: removed afterwards, and on a disk, because a sync of memory costs nothing.

use std::os::linux::fs::MetadataExt as _;

use rustix::fs::statfs;
use tempfile::TempDir;

/// What file systems in memory call themselves: tmpfs and ramfs.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// A new folder below `TMPDIR`.
pub(crate) fn scratch() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder below TMPDIR");
    let kind = statfs(folder.path()).expect("a file system").f_type;
    assert!(
        !IN_MEMORY.contains(&kind),
        "{} lies in memory, where syncing costs nothing: set TMPDIR to a folder on a disk",
        folder.path().display()
    );
    folder
}

/// The bytes on disk of the database whose first file is `file`: all its files whose names begin like that.
pub(crate) fn bytes_of(file: &std::path::Path) -> u64 {
    let name = file.file_name().expect("a file").to_string_lossy().into_owned();
    std::fs::read_dir(file.parent().expect("in a folder"))
        .expect("a folder")
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&name))
        // Blocks and not length: what is written sparsely or allocated ahead counts as what it takes.
        .map(|entry| entry.metadata().map_or(0, |metadata| metadata.st_blocks() * 512))
        .sum()
}
