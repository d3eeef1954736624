//! What a launcher found, for `mainspring doctor`.

use super::{Launcher, enclosure, plan::counts_by_namespace};
use crate::{
    cgroup::{Place, Version},
    finding::Finding,
    wire::{Entry, Landlock, Mounts, Tree},
};

pub(super) const ALLOW_NAMESPACES: &str = "allow unprivileged user namespaces (`sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, \
     `kernel.unprivileged_userns_clone=1` on older Debian), or run the server as root with CAP_SYS_ADMIN";
const DELEGATE: &str = "run the server as root, or as a systemd service with `Delegate=memory pids`";

pub(super) fn findings(launcher: &Launcher) -> Vec<Finding> {
    vec![
        tree(launcher),
        hiding(launcher),
        enclosure::finding(launcher),
        memory(launcher),
        processes(launcher),
    ]
}

fn tree(launcher: &Launcher) -> Finding {
    let name = "process tree";
    match launcher.means.tree {
        Tree::Namespace { entry: Entry::Direct, .. } => Finding::ok(name, "PID namespace"),
        Tree::Namespace { entry: Entry::User, .. } => Finding::ok(name, "PID namespace in a user namespace"),
        Tree::Subreaper => {
            let why = launcher.means.obstacles.join("; ");
            Finding::degraded(name, format!("supervisor that kills what it finds ({why})"), ALLOW_NAMESPACES)
        }
    }
}

fn hiding(launcher: &Launcher) -> Finding {
    let name = "hidden data folder";
    match launcher.means.tree {
        Tree::Namespace { mounts: Mounts::Own | Mounts::OwnWithProc, .. } => {
            Finding::ok(name, "mount namespace")
        }
        _ if launcher.means.landlock > Landlock::Missing => {
            let detail = "Landlock; agents cannot create files beside the folders that lead to it";
            Finding::degraded(name, detail, ALLOW_NAMESPACES)
        }
        _ => Finding::missing(name, "neither a mount namespace nor Landlock can be had", ALLOW_NAMESPACES),
    }
}

fn memory(launcher: &Launcher) -> Finding {
    let name = "memory limit";
    match &launcher.memory {
        Ok(place) => Finding::ok(name, cgroup(place)),
        Err(why) => {
            let detail = format!("address space of each process, not the memory of all ({why})");
            Finding::degraded(name, detail, DELEGATE)
        }
    }
}

fn processes(launcher: &Launcher) -> Finding {
    let name = "process limit";
    match &launcher.pids {
        Ok(place) => Finding::ok(name, cgroup(place)),
        Err(_) if counts_by_namespace(launcher) => Finding::ok(name, "resource limit in a user namespace"),
        Err(why) => Finding::missing(name, why.clone(), DELEGATE),
    }
}

fn cgroup(place: &Place) -> String {
    let version = match place.version {
        Version::V1 => 1,
        Version::V2 => 2,
    };
    format!("cgroup v{version}, `{}`", place.controller.as_str())
}
