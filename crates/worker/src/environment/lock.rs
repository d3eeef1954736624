//! The lock of one environment: shared by those who use it, exclusive for the one who builds or removes it.
//!
//! The kernel drops a lock with its process, so a builder that is killed leaves none behind. Lock files lie outside the
//! environment's folder, which its builder wipes.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

/// What the holder may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Use what is there.
    Shared,
    /// Build it or remove it.
    Exclusive,
}

/// A lock that is held until it is dropped. Children do not inherit it.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    #[expect(dead_code, reason = "the lock lives as long as this file is open")]
    file: File,
}

impl Lock {
    /// Takes the lock at `path`, or gives `None` while somebody else's stands against it.
    pub(super) fn try_take(path: &Path, mode: Mode) -> io::Result<Option<Self>> {
        let operation = match mode {
            Mode::Shared => FlockOperation::NonBlockingLockShared,
            Mode::Exclusive => FlockOperation::NonBlockingLockExclusive,
        };
        loop {
            let file = open(path)?;
            match flock(&file, operation) {
                Ok(()) if is_at(&file, path)? => return Ok(Some(Self { path: path.to_owned(), file })),
                // Removed between opening and locking: whoever comes next would lock another file.
                Ok(()) | Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Lets go, and takes the lock file away with it. Only for the holder of an exclusive lock.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

fn open(path: &Path) -> io::Result<File> {
    let options = File::options().read(true).write(true).create(true).truncate(false).open(path);
    match (options, path.parent()) {
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            File::options().read(true).write(true).create(true).truncate(false).open(path)
        }
        (opened, _) => opened,
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_share_and_a_builder_is_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".locks/key");
        let take = |mode| Lock::try_take(&path, mode).expect("locks work here");
        let (one, two) = (take(Mode::Shared), take(Mode::Shared));
        assert!(one.is_some() && two.is_some());
        assert!(take(Mode::Exclusive).is_none());
        drop((one, two));
        let builder = take(Mode::Exclusive).expect("nobody else");
        assert!(take(Mode::Shared).is_none());
        builder.remove().expect("removed");
        assert!(take(Mode::Exclusive).is_some());
    }
}
