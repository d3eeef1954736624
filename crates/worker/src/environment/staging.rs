//! The writable copy of an agent's tree that install commands see.
//!
//! Installing may write into the tree it installs from (`*.egg-info`, `build/`), and the snapshot is read only and
//! shared by every run.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

/// Copies `from` to `to`, which must not exist. Links stay links; every copy can be written by its owner.
pub(super) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, path, to) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_tree(&path, &to)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(path)?, to)?;
        } else if kind.is_file() {
            copy_file(&path, &to)?;
        }
        // Anything else, such as a socket, is no part of a version.
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    const OWNER_WRITES: u32 = 0o200;
    fs::copy(from, to)?;
    let mut permissions = fs::metadata(to)?.permissions();
    permissions.set_mode(permissions.mode() | OWNER_WRITES);
    fs::set_permissions(to, permissions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_of_a_read_only_tree_can_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("sub")).expect("folders");
        fs::write(from.join("sub/run.sh"), "x").expect("a file");
        fs::set_permissions(from.join("sub/run.sh"), fs::Permissions::from_mode(0o555)).expect("read only");
        symlink("sub/run.sh", from.join("link")).expect("a link");
        copy_tree(&from, &to).expect("copies");
        assert_eq!(fs::metadata(to.join("sub/run.sh")).expect("there").permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_link(to.join("link")).expect("a link"), Path::new("sub/run.sh"));
    }
}
