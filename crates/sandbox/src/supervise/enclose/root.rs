//! A root folder of one's own: an empty one, with the places of the enclosure mounted where they always are.
//!
//! Everything is taken before anything is put, and the machine's own root is let go of at the end, so no path leads
//! back. Places are made and found without following links, because the program's own folders, which it may have
//! changed before, are among them.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs, io,
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, fstat, mkdirat, mknodat, openat, symlinkat},
    io::Errno,
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
        fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount, move_mount, open_tree, unmount,
    },
    process::pivot_root,
};

use super::{DEVICES, PROGRAMS};
use crate::{
    spec::Access,
    sys::{Extent, make_read_only},
    wire::{During, Enclosure, Fault, Stage::Confine},
};

/// Where the new root is mounted until it is the root: a folder that every machine has.
const ANTEROOM: &str = "/proc";

const LINKS: [(&str, &str); 4] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
];

/// What is to lie at a place.
enum Source {
    /// A place of the machine.
    At(PathBuf, Access),
    /// An empty folder in memory, which anybody may write to.
    Memory,
    /// A link.
    Link(PathBuf),
}

/// The same, taken: mounts that are attached nowhere yet.
enum Taken {
    Mounts(OwnedFd),
    Link(PathBuf),
}

/// Makes the root and enters it.
pub(super) fn enter(enclosure: &Enclosure) -> Result<(), Fault> {
    let taken: Result<Vec<_>, Fault> = contents(enclosure)
        .into_iter()
        .map(|(path, source)| source.take().during(Confine, &doing("open", &path)).map(|taken| (path, taken)))
        .collect();
    let taken = taken?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", ANTEROOM, "tmpfs", flags, c"mode=0755,size=1m")
        .during(Confine, "mount a root of its own")?;
    env::set_current_dir(ANTEROOM).during(Confine, "enter a root of its own")?;
    for (path, taken) in taken {
        taken.put(&path).during(Confine, &doing("show", &path))?;
    }
    become_root().during(Confine, "change the root")
}

fn doing(what: &str, path: &Path) -> String {
    format!("{what} `{}` in a root of its own", path.display())
}

/// The current folder becomes the root, and nothing is added to it any more.
fn become_root() -> io::Result<()> {
    let root = openat(CWD, ".", FOLDER, Mode::empty())?;
    // The old root comes to lie on top of the new one, where it can be let go of.
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    env::set_current_dir("/")?;
    make_read_only(root.as_fd(), Extent::Alone)
}

/// What lies where, each folder before what lies in it.
fn contents(enclosure: &Enclosure) -> BTreeMap<PathBuf, Source> {
    let mut all = BTreeMap::new();
    let place = |path: &OsStr, access| (PathBuf::from(path), Source::At(path.into(), access));
    all.extend(PROGRAMS.into_iter().filter_map(programs));
    all.extend(LINKS.map(|(path, target)| (path.into(), Source::Link(target.into()))));
    let devices = DEVICES.into_iter().filter(|path| Path::new(path).exists());
    all.extend(devices.map(|path| place(path.as_ref(), Access::Write)));
    all.extend([place("/proc".as_ref(), Access::Read), ("/dev/shm".into(), Source::Memory)]);
    let tmp = enclosure.tmp.as_ref().map_or(Source::Memory, |tmp| Source::At(tmp.into(), Access::Write));
    all.insert("/tmp".into(), tmp);
    all.extend(enclosure.read.iter().map(|path| place(path, Access::Read)));
    all.extend(enclosure.write.iter().map(|path| place(path, Access::Write)));
    all
}

/// A folder of programs; on many machines a link to another.
fn programs(path: &str) -> Option<(PathBuf, Source)> {
    let source = match fs::read_link(path) {
        Ok(target) => Source::Link(target),
        Err(_) if Path::new(path).exists() => Source::At(path.into(), Access::Read),
        Err(_) => return None,
    };
    Some((path.into(), source))
}

impl Source {
    fn take(self) -> io::Result<Taken> {
        match self {
            Self::At(path, access) => copy(&path, access).map(Taken::Mounts),
            Self::Memory => memory().map(Taken::Mounts),
            Self::Link(target) => Ok(Taken::Link(target)),
        }
    }
}

/// A copy of the mounts at and below a path.
fn copy(path: &Path, access: Access) -> io::Result<OwnedFd> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let mounts = open_tree(CWD, path, flags)?;
    if access == Access::Read {
        make_read_only(mounts.as_fd(), Extent::AllBelow)?;
    }
    Ok(mounts)
}

fn memory() -> io::Result<OwnedFd> {
    let made = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&made, "mode", "1777")?;
    fsconfig_set_string(&made, "size", "64m")?;
    fsconfig_create(&made)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    Ok(fsmount(&made, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?)
}

impl Taken {
    fn put(self, path: &Path) -> io::Result<()> {
        let (parent, name) = parent(path)?;
        match self {
            Self::Link(target) => accept_existing(symlinkat(target, &parent, name)),
            Self::Mounts(mounts) => {
                let is_folder = FileType::from_raw_mode(fstat(&mounts)?.st_mode).is_dir();
                let place = if is_folder { folder(&parent, name)? } else { file(&parent, name)? };
                let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
                Ok(move_mount(&mounts, "", &place, "", flags)?)
            }
        }
    }
}

/// The folder that holds `path` below the current one, made where it is missing, and the name in it.
fn parent(path: &Path) -> io::Result<(OwnedFd, &OsStr)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut parent = openat(CWD, ".", FOLDER, Mode::empty())?;
    for component in path.parent().into_iter().flat_map(Path::components) {
        if let Component::Normal(name) = component {
            parent = folder(&parent, name)?;
        }
    }
    Ok((parent, name))
}

const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn folder(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    accept_existing(mkdirat(parent, name, Mode::from_raw_mode(0o755)))?;
    Ok(openat(parent, name, FOLDER, Mode::empty())?)
}

fn file(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    accept_existing(mknodat(parent, name, FileType::RegularFile, Mode::from_raw_mode(0o644), 0))?;
    Ok(openat(parent, name, FILE, Mode::empty())?)
}

fn accept_existing(made: Result<(), Errno>) -> io::Result<()> {
    match made {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
