//! Trying what this machine gives, with the very steps that a start takes.

use std::{
    io::{self, Read, Write},
    process::exit,
};

use rustix::{
    process::geteuid,
    process::{Pid, WaitOptions, waitpid},
    thread::{CapabilitySet, capabilities},
};

use super::{enclose, landlock, namespaces};
use crate::{
    cgroup::Leaf,
    sys::{Fork, fork},
    wire::{Entry, Fault, Means, Mounts, Privileges, Tree},
};

/// Everything that was tried, best first, and what stood in the way of better.
pub(super) fn means(leaves: &[Leaf]) -> Means {
    let (tree, obstacles) = best_tree();
    Means {
        tree,
        obstacles,
        landlock: landlock::level(),
        root: root(tree),
        privileges: privileges(tree),
        cgroups: leaves.iter().map(|leaf| in_child(|| join(leaf)).err()).collect(),
    }
}

fn best_tree() -> (Tree, Vec<String>) {
    let mut obstacles = Vec::new();
    for entry in [Entry::Direct, Entry::User] {
        for mounts in [Mounts::OwnWithProc, Mounts::Own, Mounts::Shared] {
            match in_child(|| rehearse(entry, mounts)) {
                Ok(()) => return (Tree::Namespace { entry, mounts }, obstacles),
                Err(obstacle) => obstacles.push(obstacle),
            }
        }
    }
    obstacles.dedup();
    (Tree::Subreaper, obstacles)
}

/// Enters the namespaces and brings up a PID 1 in them.
fn rehearse(entry: Entry, mounts: Mounts) -> Result<(), String> {
    let explain = |fault: Fault| format!("{}: {}", fault.doing, fault.reason);
    namespaces::enter(entry).map_err(explain)?;
    in_child(|| namespaces::own_mounts(mounts).map_err(explain))
}

/// Enters the namespaces again and makes a root there.
fn root(tree: Tree) -> Result<(), String> {
    let explain = |fault: Fault| format!("{}: {}", fault.doing, fault.reason);
    match tree {
        Tree::Namespace { entry, mounts: mounts @ (Mounts::Own | Mounts::OwnWithProc) } => in_child(|| {
            namespaces::enter(entry).map_err(explain)?;
            in_child(|| {
                namespaces::own_mounts(mounts).map_err(explain)?;
                enclose::rehearse().map_err(explain)
            })
        }),
        _ => Err("no mounts of its own can be had".into()),
    }
}

fn join(leaf: &Leaf) -> Result<(), String> {
    leaf.entrance().and_then(|mut entrance| entrance.write_all(b"0")).map_err(|error| error.to_string())
}

/// Root's rights can be cut when the right to cut them is there; the rights of others need no cutting.
fn privileges(tree: Tree) -> Privileges {
    let full = matches!(tree, Tree::Namespace { entry: Entry::User, .. })
        || capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SETPCAP));
    if geteuid().is_root() && full { Privileges::Reduce } else { Privileges::Keep }
}

/// Tries something in a process of its own, which takes all traces of it along.
fn in_child(attempt: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let (mut answer, mut report) = io::pipe().map_err(|error| error.to_string())?;
    let child: Pid = match fork().map_err(|error| error.to_string())? {
        Fork::Parent(pid) => pid,
        Fork::Child => {
            let outcome = attempt();
            // When even this cannot be written, the exit code still says that it failed.
            let _ = report.write_all(outcome.as_ref().err().map_or(b"", |text| text.as_bytes()));
            exit(i32::from(outcome.is_err()))
        }
    };
    drop(report);
    let mut text = String::new();
    let _ = answer.read_to_string(&mut text);
    match waitpid(Some(child), WaitOptions::empty()) {
        Ok(Some((_, status))) if status.exit_status() == Some(0) => Ok(()),
        _ => Err(text),
    }
}
