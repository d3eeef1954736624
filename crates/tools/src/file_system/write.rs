//! `write_file`: a file with that content, made or replaced.

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;

use super::{path::Inside, place::Place, root::Root, stop::Stop, trouble::Trouble};

pub(super) const TAKES: &str = "`path` and `content`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    content: String,
}

pub(super) fn write(root: &Root, arguments: &Arguments, stop: &Stop) -> Result<String, Trouble> {
    let at = Inside::parse(&arguments.path)?;
    let _turn = turn(root.real());
    stop.check()?;
    Place::make(root, &at)?.replace(arguments.content.as_bytes(), stop)?;
    let content = &arguments.content;
    Ok(format!("wrote {} lines ({} bytes) to `{at}`", content.lines().count(), content.len()))
}

/// Waits for the turn to change files of a workspace: two edits of one file, made at once, must not lose one.
pub(super) fn turn(workspace: &Path) -> MutexGuard<'static, ()> {
    // Workspaces that share a lane wait for each other, which costs a little time and nothing else.
    static LANES: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(workspace);
    let lane = usize::try_from(hash % 64).expect("it is less than 64");
    LANES[lane].lock().unwrap_or_else(PoisonError::into_inner)
}
