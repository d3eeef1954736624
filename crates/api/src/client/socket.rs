//! UNIX sockets at paths of any length.
//!
//! The kernel takes socket paths of at most 107 bytes. A longer one is reached through an open handle on its folder,
//! which both ends do alike, so no other file has to say where the socket is.

use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

/// `sun_path` has 108 bytes, and the last is the end mark.
const PATH_MAX: usize = 107;

/// A path that the kernel takes for a socket, good for as long as this value lives.
#[derive(Debug)]
pub struct Reach {
    path: PathBuf,
    _folder: Option<File>,
}

impl Reach {
    /// A way to `socket`, whose folder must exist.
    pub fn to(socket: &Path) -> io::Result<Self> {
        if socket.as_os_str().as_bytes().len() <= PATH_MAX {
            return Ok(Self { path: socket.to_owned(), _folder: None });
        }
        let (Some(folder), Some(name)) = (socket.parent(), socket.file_name()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket has no folder"));
        };
        let folder = File::open(folder)?;
        let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { path, _folder: Some(folder) })
    }

    /// The path to bind or to connect to.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
