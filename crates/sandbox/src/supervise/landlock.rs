//! Hiding folders where no mount namespace can be had, with Landlock.
//!
//! Landlock only allows, so everything but the hidden folders is allowed: the entries beside the path to each of them,
//! and the visible places. Folders on that path can be passed through, yet not listed, and what is created beside
//! them later is refused. Callers are told by `Hiding::Landlock`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetStatus, path_beneath_rules,
};

use crate::{
    spec::Access,
    wire::{During, Fault, Folders, Stage::Confine},
};

/// The newest set of rights this code knows; an older kernel handles those it has.
const RIGHTS: ABI = ABI::V5;

/// Whether this kernel has Landlock and it is switched on.
pub(super) fn available() -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok()
}

/// Rules that allow everything but the hidden folders.
pub(super) fn rules(folders: &Folders) -> Result<RulesetCreated, Fault> {
    let hidden: Vec<&Path> = folders.hidden.iter().map(Path::new).collect();
    let mut writable = Vec::new();
    let mut readable = Vec::new();
    beside(Path::new("/"), &hidden, &mut writable).during(Confine, "list what stays visible")?;
    for (path, access) in &folders.visible {
        match access {
            Access::Read => readable.push(PathBuf::from(path)),
            Access::Write => writable.push(PathBuf::from(path)),
        }
    }
    Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(writable, AccessFs::from_all(RIGHTS))))
        .and_then(|rules| rules.add_rules(path_beneath_rules(readable, AccessFs::from_read(RIGHTS))))
        .map_err(io::Error::other)
        .during(Confine, "make Landlock rules")
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

/// Collects the entries below `dir` that lead to no hidden folder.
fn beside(dir: &Path, hidden: &[&Path], allowed: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        // A link needs no right of its own, and its target, which a rule would name, may be hidden.
        if hidden.contains(&path.as_path()) || entry.file_type()?.is_symlink() {
            continue;
        }
        if hidden.iter().any(|hidden| hidden.starts_with(&path)) {
            beside(&path, hidden, allowed)?;
        } else {
            allowed.push(path);
        }
    }
    Ok(())
}
