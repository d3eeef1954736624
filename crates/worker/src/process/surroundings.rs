//! What a program finds around it: its environment variables, its limits, and the folders it sees.
//!
//! The list is the whole of it. Nothing of the server's own environment is passed on.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use mainspring_agent::{Limits, Work};
use mainspring_api::worker::Task;
use mainspring_sandbox::{self as sandbox, Access, Input, Spec, Visible};

use super::{Ready, boundary};
use crate::environment::Environment;

const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How the program of an attempt is started.
pub(super) fn spec(ready: &Ready, task: &Task, hidden: &[PathBuf]) -> Spec {
    let Ready { assignment, environment, invocation, place } = ready;
    let socket = task.boundary.as_ref().and_then(|boundary| boundary.socket.as_deref());
    Spec {
        argv: invocation.argv.clone(),
        cwd: place.agent(),
        env: variables(ready, task),
        stdin: invocation.stdin.clone().map_or(Input::Null, Input::Bytes),
        limits: limits(&assignment.limits),
        hidden: hidden.to_vec(),
        visible: visible(place.root(), environment.as_ref(), socket),
        ..Spec::default()
    }
}

/// Every variable of the program. What the definition sets goes before ours, except for who it is.
fn variables(ready: &Ready, task: &Task) -> BTreeMap<OsString, OsString> {
    let Ready { assignment, environment, invocation, place } = ready;
    let mut all: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: OsString| all.insert(name.into(), value);
    set("PATH", path(environment.as_ref()));
    set("HOME", place.home().into());
    set("TMPDIR", place.temporary().into());
    set("LANG", "C.UTF-8".into());
    if let Some(root) = environment.as_ref().and_then(|environment| environment.bin.parent()) {
        set("VIRTUAL_ENV", root.into());
    }
    for (name, value) in task.boundary.iter().flat_map(boundary::variables) {
        set(name, value.into());
    }
    for (name, value) in &invocation.env {
        set(name, value.into());
    }
    if let Work::Command { env, .. } = &assignment.step.work {
        for (name, value) in env {
            set(name, value.into());
        }
    }
    let ticket = &task.ticket;
    set("MAINSPRING_RUN_ID", ticket.run.to_string().into());
    set("MAINSPRING_STEP", ticket.step.as_str().into());
    set("MAINSPRING_ATTEMPT", ticket.attempt.to_string().into());
    all
}

fn path(environment: Option<&Environment>) -> OsString {
    let mut path = OsString::new();
    if let Some(environment) = environment {
        path.push(&environment.bin);
        path.push(":");
    }
    path.push(SYSTEM_PATH);
    path
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

/// Its own folders, the environment with the packages that lie beside it, and the gateway's socket.
fn visible(place: &Path, environment: Option<&Environment>, socket: Option<&Path>) -> Vec<Visible> {
    let mut all = vec![Visible { path: place.to_owned(), access: Access::Write }];
    if let Some(home) = environment.and_then(|environment| environment.bin.ancestors().nth(2)) {
        all.push(Visible { path: home.to_owned(), access: Access::Read });
    }
    // Connecting changes nothing on the disk.
    all.extend(socket.map(|socket| Visible { path: socket.to_owned(), access: Access::Read }));
    all
}
