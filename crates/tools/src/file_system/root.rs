//! The workspace as an open folder: the only way to its files.

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat2, readlinkat, statat},
    io::Errno,
};

use super::{
    bounds::{Access, Bounds},
    near,
    path::{Inside, shown},
    trouble::Trouble,
};

// A file that is renamed while the kernel walks over it makes it start again; nobody does that so often by accident.
const TRIES: usize = 64;

/// An open workspace, and what of it may be read and written.
#[derive(Debug)]
pub(super) struct Root {
    folder: OwnedFd,
    real: PathBuf,
    bounds: Bounds,
}

impl Root {
    pub(super) fn open(workspace: &Path, bounds: Bounds) -> Result<Self, Trouble> {
        let doing = || format!("open the workspace `{}`", workspace.display());
        let real = workspace.canonicalize().map_err(|error| Trouble::fault(doing(), error))?;
        let folder =
            rustix::fs::open(&real, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .map_err(|error| Trouble::fault(doing(), error))?;
        Ok(Self { folder, real, bounds })
    }

    /// Which workspace this is.
    pub(super) fn real(&self) -> &Path {
        &self.real
    }

    /// Opens a file to be read, whatever the path leads to within what `access` admits; what is no file is a complaint.
    pub(super) fn file(&self, at: &Inside, access: Access) -> Result<File, Trouble> {
        // Not blocking: a FIFO that nobody writes to would be waited for.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = self.open_at(at, flags).map_err(|error| self.trouble(at, "read", error))?;
        if !self.bounds.are_open(access) {
            self.bounds.admit(access, at, &self.place_of(&fd)?)?;
        }
        let stat = fstat(&fd).map_err(|error| self.trouble(at, "read", error))?;
        match kind(&stat) {
            FileType::RegularFile => Ok(File::from(fd)),
            other => Err(Trouble::complaint(format!("`{at}` is {} and no file", word(other)))),
        }
    }

    /// Opens a folder.
    pub(super) fn folder(&self, at: &Inside) -> Result<OwnedFd, Trouble> {
        self.folder_at(at).map_err(|error| self.trouble(at, "open", error))
    }

    pub(super) fn folder_at(&self, at: &Inside) -> Result<OwnedFd, Errno> {
        self.open_at(at, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// Refuses a folder that may not be read with all it holds.
    pub(super) fn admit_tree(&self, folder: &OwnedFd, at: &Inside) -> Result<(), Trouble> {
        if self.bounds.are_open(Access::Read) {
            return Ok(());
        }
        self.bounds.admit_tree(at, &self.place_of(folder)?)
    }

    /// Refuses to write to `at`, which lies in the folder under the name `rest`.
    pub(super) fn admit_write(&self, folder: &OwnedFd, rest: &Inside, at: &Inside) -> Result<(), Trouble> {
        if self.bounds.are_open(Access::Write) {
            return Ok(());
        }
        self.bounds.admit(Access::Write, at, &self.place_of(folder)?.join(rest.as_path()))
    }

    /// Where in the workspace something lies that was opened, whatever path led to it.
    fn place_of(&self, fd: &OwnedFd) -> Result<PathBuf, Trouble> {
        let path = |fd: &OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()));
        let fault = |error| Trouble::fault("find out where an open file lies", error);
        let (path, root) = (path(fd).map_err(fault)?, path(&self.folder).map_err(fault)?);
        let moved = |_| Trouble::complaint("the file was moved out of the workspace meanwhile");
        path.strip_prefix(root).map(Path::to_owned).map_err(moved)
    }

    /// What is there, a symbolic link being what it leads to.
    pub(super) fn kind_of(&self, at: &Inside) -> Result<FileType, Trouble> {
        let fd = self.open_at(at, OFlags::PATH).map_err(|error| self.trouble(at, "read", error))?;
        fstat(fd).map(|stat| kind(&stat)).map_err(|error| self.trouble(at, "read", error))
    }

    /// What an error on a path means, with what exists near by if that path does not.
    pub(super) fn trouble(&self, at: &Inside, doing: &str, error: Errno) -> Trouble {
        if error != Errno::NOENT {
            return Trouble::of(&at.to_string(), doing, error);
        }
        match self.link_at(at) {
            Some(target) => Trouble::complaint(format!(
                "`{at}` is a symbolic link to `{}`, which does not exist",
                shown(&target)
            )),
            None => Trouble::complaint(near::missing(self, at)),
        }
    }

    /// Where the symbolic link at the end of the path points, if one is there.
    fn link_at(&self, at: &Inside) -> Option<PathBuf> {
        let folder = self.open_at(&at.parent()?, OFlags::PATH | OFlags::DIRECTORY).ok()?;
        link(&folder, at.name()?)
    }

    fn open_at(&self, at: &Inside, flags: OFlags) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let mut last = Errno::AGAIN;
        for _ in 0..TRIES {
            match openat2(&self.folder, at.as_path(), flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
                Err(error @ (Errno::AGAIN | Errno::INTR)) => last = error,
                done => return done,
            }
        }
        Err(last)
    }
}

/// Where the symbolic link of that name points, if it is one.
pub(super) fn link(folder: impl AsFd, name: impl AsRef<Path>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    let target = readlinkat(folder, name.as_ref(), Vec::new()).ok()?;
    Some(std::ffi::OsString::from_vec(target.into_bytes()).into())
}

/// What the name in the folder is itself, if it is there.
pub(super) fn there(folder: impl AsFd, name: impl AsRef<Path>) -> Result<Option<Stat>, Errno> {
    match statat(folder, name.as_ref(), rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// What a thing that is no file is called.
pub(super) fn word(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::RegularFile => "a file",
        FileType::Unknown => "something else",
    }
}
