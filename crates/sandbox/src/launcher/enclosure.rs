//! What a confined program is held to, and by what means this machine can do it.

use std::path::PathBuf;

use super::{Launcher, StartError, plan::real, report::ALLOW_NAMESPACES};
use crate::{
    finding::Finding,
    isolation::Confinement,
    spec::{Access, Spec, Visible},
    wire::{Enclosure, Folders, Landlock, Mounts, Tree},
};

/// How a program can be confined here, or what is missing for it.
pub(super) fn confinement(launcher: &Launcher) -> Result<Confinement, String> {
    let means = &launcher.means;
    // In the machine's own `/proc` the folders of others are a link away, which only Landlock refuses to follow.
    let own_proc = matches!(means.tree, Tree::Namespace { mounts: Mounts::OwnWithProc, .. });
    match (&means.root, means.landlock) {
        (Ok(()), Landlock::Confines) => Ok(Confinement::Both),
        // An older Landlock may refuse to move files between folders, and adds little to mounts.
        (Ok(()), _) if own_proc => Ok(Confinement::Mounts),
        (Ok(()), Landlock::Hides) => Ok(Confinement::Both),
        (Err(_), Landlock::Confines) => Ok(Confinement::Landlock),
        (root, _) => {
            let root = root.as_ref().err().map_or("no `/proc` of its own can be mounted", String::as_str);
            Err(format!("a root of its own ({root}), and Landlock of Linux 6.2 or later"))
        }
    }
}

/// The order to hold a program to its places.
pub(super) fn enclosure(
    spec: &Spec,
    by: Option<Confinement>,
    folders: &Folders,
) -> Result<Option<Enclosure>, StartError> {
    let (Some(confined), Some(by)) = (&spec.confined, by) else { return Ok(None) };
    let tmp = confined.tmp.as_deref().map(|tmp| real(tmp).map(PathBuf::into_os_string)).transpose()?;
    let all = |paths: &[PathBuf]| {
        paths.iter().map(|path| Ok(real(path)?.into_os_string())).collect::<Result<Vec<_>, StartError>>()
    };
    let enclosure = Enclosure {
        by,
        read: all(&confined.read)?,
        write: all(&confined.write)?.into_iter().chain(tmp.clone()).collect(),
        tmp,
        hidden: folders.hidden.clone(),
    };
    let mut places = enclosure.read.iter().chain(&enclosure.write);
    if places.any(|place| place == "/") {
        return Err(StartError::Malformed { reason: "all of `/` is no confinement".into() });
    }
    Ok(Some(enclosure))
}

/// The places of a confined program, which stay visible below the hidden folders.
pub(super) fn places(spec: &Spec) -> impl Iterator<Item = Visible> {
    let confined = spec.confined.iter();
    confined.flat_map(|confined| {
        let read = confined.read.iter().map(|path| (path, Access::Read));
        let write = confined.write.iter().chain(&confined.tmp).map(|path| (path, Access::Write));
        read.chain(write).map(|(path, access)| Visible { path: path.clone(), access })
    })
}

/// Whether this machine can confine programs, for `mainspring doctor`.
pub(super) fn finding(launcher: &Launcher) -> Finding {
    let name = "confined tools";
    match confinement(launcher) {
        Ok(Confinement::Both) => Finding::ok(name, "root folder of their own, and Landlock"),
        Ok(Confinement::Mounts) => Finding::ok(name, "root folder of their own"),
        Ok(Confinement::Landlock) => {
            let detail = "Landlock; attributes of files outside stay within reach, and Unix sockets inside do not work";
            Finding::degraded(name, detail, ALLOW_NAMESPACES)
        }
        Err(missing) => Finding::missing(name, format!("missing: {missing}"), ALLOW_NAMESPACES),
    }
}

impl Enclosure {
    /// One with nothing of its own in it.
    pub(crate) fn empty() -> Self {
        Self { by: Confinement::Mounts, read: Vec::new(), write: Vec::new(), tmp: None, hidden: Vec::new() }
    }
}
