//! Where a file is written: an open folder and a name in it, replaced as one.
//!
//! Readers see the old content or the new, never half of it, and a crash leaves one of the two. A symbolic link is not
//! written through, nor replaced: the complaint says where it points.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Write as _},
    os::fd::OwnedFd,
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, fchmod, fsync, mkdirat, openat, renameat, unlinkat},
    io::Errno,
};

use super::{
    path::{Inside, shown},
    root::{Root, kind, link, there, word},
    stop::Stop,
    trouble::Trouble,
};

/// A name in a folder that exists.
#[derive(Debug)]
pub(super) struct Place {
    folder: OwnedFd,
    name: OsString,
    at: Inside,
}

impl Place {
    /// The place of a path; its folders are made.
    pub(super) fn make(root: &Root, at: &Inside) -> Result<Self, Trouble> {
        let Some(name) = at.name() else {
            return Err(Trouble::complaint(
                "the path names the workspace itself, which is a folder and no file",
            ));
        };
        let folder = made(root, at)?;
        root.admit_write(&folder, &Inside::default().join(name), at)?;
        Ok(Self { folder, name: name.to_owned(), at: at.clone() })
    }

    /// Puts a file with that content in the place, whether or not there is one already.
    pub(super) fn replace(&self, content: &[u8], stop: &Stop) -> Result<(), Trouble> {
        let mode = self.mode()?;
        let draft = Draft::new(&self.folder).map_err(|error| self.trouble(error))?;
        if let Some(mode) = mode {
            fchmod(&draft.file, mode).map_err(|error| self.trouble(error))?;
        }
        draft.fill(content).map_err(|error| Trouble::fault(format!("write `{}`", self.at), error))?;
        stop.check()?;
        draft.rename(&self.name).map_err(|error| self.trouble(error))?;
        fsync(&self.folder).map_err(|error| Trouble::Unsure {
            doing: format!("`{}` was written, and its folder could not be synced", self.at),
            source: error.into(),
        })
    }

    /// The permissions that the file has, if there is one. What may not be replaced is a complaint.
    fn mode(&self) -> Result<Option<Mode>, Trouble> {
        let at = &self.at;
        let Some(stat) = there(&self.folder, &self.name).map_err(|error| self.trouble(error))? else {
            return Ok(None);
        };
        match kind(&stat) {
            // Not the bits that lend somebody's rights: the content they were given for is gone.
            FileType::RegularFile => Ok(Some(Mode::from_raw_mode(stat.st_mode & 0o777))),
            FileType::Symlink => {
                let target = link(&self.folder, &self.name).unwrap_or_default();
                Err(Trouble::complaint(format!(
                    "`{at}` is a symbolic link to `{}`; write to that path itself, if it lies in the workspace",
                    shown(&target)
                )))
            }
            other => Err(Trouble::complaint(format!("`{at}` is {} and no file", word(other)))),
        }
    }

    fn trouble(&self, error: Errno) -> Trouble {
        Trouble::of(&self.at.to_string(), "write", error)
    }
}

/// The folder of the path, made with those above it.
fn made(root: &Root, at: &Inside) -> Result<OwnedFd, Trouble> {
    let mut reached = Inside::default();
    let mut folder = root.folder(&reached)?;
    for part in at.parent().unwrap_or_default().parts() {
        let rest = at.below(&reached);
        reached = reached.join(part);
        folder = match root.folder_at(&reached) {
            Err(Errno::NOENT) => {
                root.admit_write(&folder, &rest, at)?;
                make_in(&folder, part)
                    .map_err(|error| Trouble::of(&reached.to_string(), "make the folder", error))?;
                root.folder(&reached)?
            }
            opened => opened.map_err(|error| root.trouble(&reached, "open", error))?,
        };
    }
    Ok(folder)
}

fn make_in(folder: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    match mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
        // On disk before what will be in it.
        Ok(()) => fsync(folder),
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file that is being written, under a name of its own; removed unless it is renamed.
struct Draft<'a> {
    folder: &'a OwnedFd,
    name: String,
    file: File,
}

impl<'a> Draft<'a> {
    fn new(folder: &'a OwnedFd) -> Result<Self, Errno> {
        let name = format!(".mainspring-{:016x}.tmp", mainspring_types::nonce());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(folder, &name, flags, Mode::from_raw_mode(0o666))?.into();
        Ok(Self { folder, name, file })
    }

    fn fill(&self, content: &[u8]) -> io::Result<()> {
        (&self.file).write_all(content)?;
        self.file.sync_all()
    }

    fn rename(self, name: &OsString) -> Result<(), Errno> {
        renameat(self.folder, &self.name, self.folder, name)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // Gone already once it was renamed. The name is random, so nobody else's file has it.
        let _ = unlinkat(self.folder, &self.name, AtFlags::empty());
    }
}
