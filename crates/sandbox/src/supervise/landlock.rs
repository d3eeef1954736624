//! Holding a process to some places, with Landlock: for hiding folders where no mounts can be had, and for confinement.
//!
//! Landlock only allows, so to hide folders everything else is allowed: the entries beside the path to each of them,
//! and the visible places. Folders on that path can be passed through, yet not listed, and what is created beside
//! them later is refused. Callers are told by `Hiding::Landlock`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use crate::{
    spec::Access,
    wire::{During, Fault, Folders, Landlock, Stage::Confine},
};

/// The newest set of rights this code knows; an older kernel handles those it has.
const RIGHTS: ABI = ABI::V5;

/// The first that keeps files from being cut short.
const CONFINING: ABI = ABI::V3;

/// What a process may do with which places.
#[derive(Default)]
pub(super) struct Allowed {
    pub(super) readable: Vec<PathBuf>,
    pub(super) writable: Vec<PathBuf>,
}

/// How far a process is kept from others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It may signal them, as far as its user may.
    Everyone,
    /// It signals its own tree only, and connects to no abstract socket outside, where the kernel knows that.
    Own,
}

/// Tries what this kernel's Landlock can do.
pub(super) fn level() -> Landlock {
    if has(CONFINING) {
        Landlock::Confines
    } else if has(ABI::V1) {
        Landlock::Hides
    } else {
        Landlock::Missing
    }
}

fn has(abi: ABI) -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))
        .and_then(Ruleset::create)
        .is_ok()
}

/// Everything but the hidden folders.
pub(super) fn all_but(folders: &Folders) -> Result<Allowed, Fault> {
    let hidden: Vec<&Path> = folders.hidden.iter().map(Path::new).collect();
    let mut allowed = Allowed::default();
    around(Path::new("/"), &hidden, &mut allowed.writable).during(Confine, "list what stays visible")?;
    for (path, access) in &folders.visible {
        match access {
            Access::Read => allowed.readable.push(path.into()),
            Access::Write => allowed.writable.push(path.into()),
        }
    }
    Ok(allowed)
}

/// Collects what lies at and below `path`, but for the places that are left out.
pub(super) fn around(path: &Path, left_out: &[&Path], found: &mut Vec<PathBuf>) -> io::Result<()> {
    if left_out.contains(&path) {
        return Ok(());
    }
    if !left_out.iter().any(|place| place.starts_with(path)) {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // A link needs no right of its own, and its target, which a rule would name, may be left out.
        if !entry.file_type()?.is_symlink() {
            around(&entry.path(), left_out, found)?;
        }
    }
    Ok(())
}

/// Rules that allow this and nothing else.
pub(super) fn rules(allowed: Allowed, reach: Reach) -> Result<RulesetCreated, Fault> {
    let Allowed { readable, writable } = allowed;
    handled(reach)
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(writable, AccessFs::from_all(RIGHTS))))
        .and_then(|rules| rules.add_rules(path_beneath_rules(readable, AccessFs::from_read(RIGHTS))))
        .map_err(io::Error::other)
        .during(Confine, "make Landlock rules")
}

fn handled(reach: Reach) -> Result<Ruleset, RulesetError> {
    let rules = Ruleset::default().handle_access(AccessFs::from_all(RIGHTS))?;
    match reach {
        Reach::Everyone => Ok(rules),
        Reach::Own => rules.scope(Scope::from_all(ABI::V6)),
    }
}

/// Holds this process, and all it becomes and starts, to the rules.
pub(super) fn restrict(rules: RulesetCreated) -> Result<(), Fault> {
    let restricted =
        rules.restrict_self().map_err(io::Error::other).and_then(|status| match status.ruleset {
            RulesetStatus::NotEnforced => Err(io::ErrorKind::Unsupported.into()),
            _ => Ok(()),
        });
    restricted.during(Confine, "apply Landlock rules")
}
