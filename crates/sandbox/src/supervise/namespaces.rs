//! The way into namespaces of one's own.

use std::fs;

use rustix::{
    fs::{StatVfsMountFlags, statvfs},
    mount::{MountFlags, MountPropagationFlags, mount, mount_change, mount_remount},
    process::{getegid, geteuid},
    thread::UnshareFlags,
};

use crate::{
    sys::unshare,
    wire::{During, Entry, Fault, Mounts, Stage::Confine},
};

/// Makes the next child PID 1 of a namespace. System V memory and queues become private too, so that they end with it.
pub(super) fn enter(entry: Entry) -> Result<(), Fault> {
    let wanted = UnshareFlags::NEWPID | UnshareFlags::NEWIPC;
    match entry {
        Entry::Direct => unshare(wanted).during(Confine, "make a PID namespace"),
        Entry::User => {
            // Read before: inside, both are unknown until they are mapped.
            let (user, group) = (geteuid().as_raw(), getegid().as_raw());
            unshare(wanted | UnshareFlags::NEWUSER).during(Confine, "make a user namespace")?;
            let write = |file: &str, text: String| {
                fs::write(format!("/proc/self/{file}"), text).during(Confine, "map the user namespace")
            };
            write("setgroups", "deny".into())?;
            write("uid_map", format!("{user} {user} 1"))?;
            write("gid_map", format!("{group} {group} 1"))
        }
    }
}

/// Gives this process, PID 1 of its namespace, mounts of its own.
pub(super) fn own_mounts(mounts: Mounts) -> Result<(), Fault> {
    if mounts == Mounts::Shared {
        return Ok(());
    }
    unshare(UnshareFlags::NEWNS).during(Confine, "make a mount namespace")?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .during(Confine, "make mounts private")?;
    if mounts == Mounts::OwnWithProc {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("proc", "/proc", "proc", flags, None).during(Confine, "mount `/proc`")?;
    }
    Ok(())
}

/// Makes one mount read-only for this mount namespace.
pub(super) fn freeze(target: &std::path::Path) -> Result<(), Fault> {
    // Flags that came with the mount are locked inside a user namespace: leaving one out would be refused.
    let present = statvfs(target).during(Confine, "look at a mount")?.f_flag;
    let kept = [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let flags = kept
        .into_iter()
        .filter(|(found, _)| present.contains(*found))
        .fold(MountFlags::BIND | MountFlags::RDONLY, |flags, (_, kept)| flags | kept);
    mount_remount(target, flags, "").during(Confine, "make a mount read-only")
}
