//! A file system of a few megabytes, for what happens when the disk is full.
//!
//! It is a `tmpfs`, so it needs the right to mount. It goes away with the value, or with the test process however
//! that ends.

use std::{
    ffi::CString,
    path::{Path, PathBuf},
};

use mainspring_types::ByteSize;
use rustix::mount::{MountFlags, mount};

use crate::{Missing, supervisor::Supervisor};

/// A mounted file system, gone once this is dropped, with all that is on it.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
    _unmount: Supervisor,
}

impl SmallDisk {
    /// Mounts an empty file system that holds at most `size`, rounded up to whole pages.
    pub fn mount(size: ByteSize) -> Result<SmallDisk, Missing> {
        let folder = tempfile::Builder::new().prefix("small-disk-").tempdir().expect("a temporary folder");
        let options = CString::new(format!("size={},mode=0755", size.0)).expect("digits and letters");
        mount("tmpfs", folder.path(), "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())
            .map_err(|_| Missing { what: "the right to mount a `tmpfs`", remedy: "run the tests as root" })?;
        let folder = folder.keep();
        // Lazily, since a process that a failing test left behind may still have a file open there.
        let unmount = Supervisor::start(r#"read _; umount -l "$1"; rmdir "$1""#, [&folder]);
        Ok(SmallDisk { folder, _unmount: unmount })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use super::*;
    use crate::or_skip;

    #[test]
    fn it_fills_up_and_goes_away() {
        let Some(disk) = or_skip("it_fills_up_and_goes_away", SmallDisk::mount(ByteSize(1 << 20))) else {
            return;
        };
        let folder = disk.path().to_path_buf();
        fs::write(folder.join("fits"), vec![1; 900 << 10]).expect("within the size");
        let refused = fs::write(folder.join("too much"), vec![1; 900 << 10]).expect_err("beyond the size");
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        drop(disk);
        assert!(!folder.exists());
    }
}
