//! What a program of a call finds around it: its variables, its limits and its folders.
//!
//! The list is the whole of it. Nothing of the server's own environment is passed on.

use std::{collections::BTreeMap, ffi::OsString};

use mainspring_agent::Limits;
use mainspring_sandbox::{self as sandbox, Confined, Input, Spec};

use super::Program;
use crate::Surroundings;

const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How the program of a call is started.
pub(super) fn spec(program: Program<'_>, around: &Surroundings<'_>) -> Spec {
    Spec {
        env: variables(program.env, around),
        argv: program.argv,
        cwd: program.cwd.to_owned(),
        stdin: Input::Bytes(program.stdin),
        output: program.output,
        ..room(around)
    }
}

/// What any program of the run finds around it, whatever it is: servers that its tools are asked through are started so.
pub fn room(around: &Surroundings<'_>) -> Spec {
    let nothing = BTreeMap::new();
    Spec {
        env: variables(&nothing, around),
        cwd: around.workspace.to_owned(),
        limits: limits(around.limits),
        hidden: around.hidden.to_vec(),
        confined: Some(confined(around)),
        ..Spec::default()
    }
}

fn confined(around: &Surroundings<'_>) -> Confined {
    Confined {
        read: vec![around.agent_folder.to_owned()],
        write: vec![around.workspace.to_owned(), around.home.to_owned()],
        tmp: Some(around.tmp.to_owned()),
    }
}

/// Every variable of the program. What is set by others goes before ours, except for what call this is.
fn variables(over: &BTreeMap<String, String>, around: &Surroundings<'_>) -> BTreeMap<OsString, OsString> {
    let ours: [(&str, OsString); 5] = [
        ("PATH", SYSTEM_PATH.into()),
        ("HOME", around.home.into()),
        ("TMPDIR", around.tmp.into()),
        ("LANG", "C.UTF-8".into()),
        ("MAINSPRING_WORKSPACE", around.workspace.into()),
    ];
    let set = around.env.iter().chain(over).map(|(name, value)| (name.as_str(), value.into()));
    let call = ("MAINSPRING_IDEMPOTENCY_KEY", around.idempotency_key.into());
    ours.into_iter().chain(set).chain([call]).map(|(name, value)| (name.into(), value)).collect()
}

fn limits(limits: &Limits) -> sandbox::Limits {
    sandbox::Limits {
        memory: Some(limits.memory),
        processes: Some(limits.processes),
        open_files: Some(limits.open_files.into()),
        file_size: Some(limits.file_size),
        cpu_time: limits.time,
    }
}
