//! Hiding folders by mounting empty ones over them, for a process with mounts of its own.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    os::fd::OwnedFd,
    path::Path,
};

use rustix::{
    fs::CWD,
    mount::{MountFlags, MoveMountFlags, OpenTreeFlags, mount, move_mount, open_tree},
};

use super::namespaces::freeze;
use crate::{
    spec::Access,
    wire::{During, Fault, Folders, Stage::Confine},
};

/// Covers the hidden folders, puts the visible places back in and freezes what is to be read-only.
pub(super) fn cover(folders: &Folders) -> Result<(), Fault> {
    // Taken before the covers go on: afterwards these paths lead nowhere.
    let kept: Result<Vec<_>, _> =
        folders.visible.iter().map(|(path, access)| Ok((take(path)?, Path::new(path), *access))).collect();
    let kept = kept?;
    for hidden in &folders.hidden {
        mount("tmpfs", hidden, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=0755,size=1m")
            .during(Confine, "cover a hidden folder")?;
    }
    for (tree, path, access) in kept {
        put_back(&tree, path)?;
        if access == Access::Read {
            freeze(path)?;
        }
    }
    folders.hidden.iter().chain(&folders.frozen).try_for_each(|path| freeze(Path::new(path)))
}

/// A copy of the mounts at and below a path, attached nowhere yet.
fn take(path: &OsString) -> Result<OwnedFd, Fault> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, path, flags).during(Confine, "keep a visible folder")
}

fn put_back(tree: &OwnedFd, path: &Path) -> Result<(), Fault> {
    let is_folder = File::from(tree.try_clone().during(Confine, "keep a visible folder")?)
        .metadata()
        .during(Confine, "keep a visible folder")?
        .is_dir();
    make_place(path, is_folder).during(Confine, "make room for a visible folder")?;
    move_mount(tree, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .during(Confine, "show a visible folder")
}

fn make_place(path: &Path, is_folder: bool) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    match (is_folder, path.parent()) {
        (true, _) | (_, None) => fs::create_dir_all(path),
        (false, Some(parent)) => {
            fs::create_dir_all(parent)?;
            File::create(path).map(drop)
        }
    }
}
