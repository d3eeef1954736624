//! From what failed in the supervisor to what the person who asked can do about it.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
};

use mainspring_types::nearest;

use crate::{
    error::{StartError, cause},
    spec::Spec,
    wire::{Fault, Stage},
};

/// The error of a start that the supervisor gave up.
pub(super) fn explain(fault: Fault, spec: &Spec) -> StartError {
    match fault.stage {
        Stage::Confine => StartError::Confine { doing: fault.doing.clone(), source: cause(fault) },
        Stage::Folder => StartError::Folder { folder: spec.cwd.clone(), source: cause(fault) },
        Stage::Program => not_executed(fault, spec),
    }
}

fn not_executed(fault: Fault, spec: &Spec) -> StartError {
    let program = spec.argv[0].to_string_lossy().into_owned();
    let is_path = program.contains('/');
    // The kernel says the same for a script that is there and whose interpreter is not.
    if fault.errno != libc::ENOENT || (is_path && spec.cwd.join(&program).exists()) {
        return StartError::NotExecutable { program, source: cause(fault) };
    }
    if is_path {
        return StartError::NotFound { program, path: None, nearest: None };
    }
    let path: OsString = spec.env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    let nearest = nearest(&program, programs_in(&path).iter().map(String::as_str)).map(str::to_owned);
    StartError::NotFound { program, path: Some(path.to_string_lossy().into_owned()), nearest }
}

fn programs_in(path: &OsStr) -> Vec<String> {
    env::split_paths(path)
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flat_map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()))
        .collect()
}
