//! From what is wanted and what can be had to what is done, and what is said about it.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Launcher, StartError, enclosure};
use crate::{
    cgroup::Leaf,
    isolation::{Confinement, Enforcement, Hiding, Isolation},
    spec::{Need, Spec},
    wire::{
        Entry, Folders, Landlock, Mounts, Order, Plan, Privileges, Program, ResourceLimits, Stdin, Tree, Veil,
    },
};

/// Supervisor, init and init's second thread, which count as the user's within its namespace.
const OWN_PROCESSES: u64 = 3;

/// What a start with this specification will have.
pub(super) fn isolation(launcher: &Launcher, spec: &Spec) -> Result<Isolation, StartError> {
    let tree = launcher.means.tree;
    let mut isolation = Isolation {
        tier: "process".into(),
        pid_namespace: tree != Tree::Subreaper,
        user_namespace: matches!(tree, Tree::Namespace { entry: Entry::User, .. }),
        own_proc: matches!(tree, Tree::Namespace { mounts: Mounts::OwnWithProc, .. }),
        capabilities_dropped: launcher.means.privileges == Privileges::Reduce,
        hiding: hiding(launcher, spec),
        confinement: confinement(launcher, spec)?,
        memory: memory(launcher, spec),
        processes: processes(launcher, spec),
        missing: Vec::new(),
    };
    isolation.missing = missing(launcher, &isolation);
    Ok(isolation)
}

fn confinement(launcher: &Launcher, spec: &Spec) -> Result<Option<Confinement>, StartError> {
    let asked = spec.confined.as_ref().map(|_| enclosure::confinement(launcher));
    asked.transpose().map_err(|missing| StartError::Unconfinable { missing })
}

fn hiding(launcher: &Launcher, spec: &Spec) -> Hiding {
    match launcher.means.tree {
        _ if spec.hidden.is_empty() => Hiding::NotAsked,
        Tree::Namespace { mounts: Mounts::Own | Mounts::OwnWithProc, .. } => Hiding::Mounts,
        _ if launcher.means.landlock > Landlock::Missing => Hiding::Landlock,
        _ => Hiding::None,
    }
}

fn memory(launcher: &Launcher, spec: &Spec) -> Enforcement {
    match (&spec.limits.memory, &launcher.memory) {
        (None, _) => Enforcement::NotAsked,
        (Some(_), Ok(_)) => Enforcement::Cgroup,
        (Some(_), Err(_)) => Enforcement::ResourceLimit,
    }
}

fn processes(launcher: &Launcher, spec: &Spec) -> Enforcement {
    match (&spec.limits.processes, &launcher.pids) {
        (None, _) => Enforcement::NotAsked,
        (Some(_), Ok(_)) => Enforcement::Cgroup,
        (Some(_), Err(_)) if counts_by_namespace(launcher) => Enforcement::ResourceLimit,
        (Some(_), Err(_)) => Enforcement::None,
    }
}

/// Whether `RLIMIT_NPROC` counts the agent alone: by user within a user namespace, and never for root.
pub(super) fn counts_by_namespace(launcher: &Launcher) -> bool {
    let own_user = matches!(launcher.means.tree, Tree::Namespace { entry: Entry::User, .. });
    own_user && !rustix::process::geteuid().is_root() && kernel() >= (5, 14)
}

fn kernel() -> (u32, u32) {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn missing(launcher: &Launcher, isolation: &Isolation) -> Vec<String> {
    let mut missing = Vec::new();
    let mut say = |what: &str, why: &str| missing.push(format!("{what}: {why}"));
    let obstacles = launcher.means.obstacles.join("; ");
    if !isolation.pid_namespace {
        say("pid namespace", &obstacles);
    }
    if !isolation.own_proc {
        say("own /proc", &obstacles);
    }
    if isolation.hiding == Hiding::None {
        say("hidden folders", "neither a mount namespace nor Landlock can be had");
    }
    if let (Some(Confinement::Landlock), Err(why)) = (isolation.confinement, &launcher.means.root) {
        say(
            "root of its own",
            &format!(
                "{why}; attributes of files outside stay within reach, and Unix sockets inside do not work"
            ),
        );
    }
    if let (Enforcement::ResourceLimit, Err(why)) = (isolation.memory, &launcher.memory) {
        say(
            "memory limit on the whole tree",
            &format!("{why}; the address space of each process is limited"),
        );
    }
    if let (Enforcement::None, Err(why)) = (isolation.processes, &launcher.pids) {
        say("limit on processes", why);
    }
    missing
}

/// Refuses a start that would lack what the caller insists on.
pub(super) fn insist(spec: &Spec, isolation: &Isolation) -> Result<(), StartError> {
    for need in &spec.required {
        let (had, subject) = match need {
            Need::PidNamespace => (isolation.pid_namespace, "pid namespace"),
            Need::Memory => (isolation.memory != Enforcement::ResourceLimit, "memory limit"),
            Need::Processes => (isolation.processes != Enforcement::None, "limit on processes"),
            Need::Hiding => (isolation.hiding != Hiding::None, "hidden folders"),
        };
        if !had {
            let found = isolation.missing.iter().find(|line| line.starts_with(subject));
            let reason = found.and_then(|line| line.split_once(": ")).map_or("", |(_, why)| why).to_owned();
            return Err(StartError::Unavailable { need: *need, reason });
        }
    }
    Ok(())
}

/// The program as it goes over the wire; refused where the kernel could not take it.
pub(super) fn program(spec: &Spec, stdin: Stdin) -> Result<Program, StartError> {
    let malformed = |reason: &str| StartError::Malformed { reason: reason.into() };
    if spec.argv.first().is_none_or(|program| program.is_empty()) {
        return Err(malformed("no program is given"));
    }
    if spec.argv.iter().any(|arg| arg.as_bytes().contains(&0)) {
        return Err(malformed("an argument holds a zero byte"));
    }
    if let Some((name, _)) =
        spec.env.iter().find(|(name, value)| !fits_environment(name.as_bytes(), value.as_bytes()))
    {
        return Err(malformed(&format!("the environment variable `{}` is malformed", name.display())));
    }
    Ok(Program {
        argv: spec.argv.clone(),
        env: spec.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        stdin,
    })
}

fn fits_environment(name: &[u8], value: &[u8]) -> bool {
    !name.is_empty() && !name.contains(&b'=') && !name.contains(&0) && !value.contains(&0)
}

/// The order to the supervisor.
pub(super) fn order(
    launcher: &Launcher,
    spec: &Spec,
    isolation: &Isolation,
    leaves: &[Leaf],
) -> Result<Order, StartError> {
    let by = |enforcement, value: Option<u64>| value.filter(|_| enforcement == Enforcement::ResourceLimit);
    let folders = folders(spec)?;
    let enclosure = enclosure::enclosure(spec, isolation.confinement, &folders)?;
    Ok(Order::Start(Box::new(Plan {
        cwd: cwd(spec),
        tree: launcher.means.tree,
        veil: veil(launcher, folders, isolation.hiding),
        enclosure,
        output: spec.output,
        leaves: leaves.to_vec(),
        limits: ResourceLimits {
            open_files: spec.limits.open_files,
            file_size: spec.limits.file_size.map(|size| size.0),
            address_space: by(isolation.memory, spec.limits.memory.map(|size| size.0)),
            processes: by(
                isolation.processes,
                spec.limits.processes.map(|most| u64::from(most) + OWN_PROCESSES),
            ),
            cpu_seconds: spec.limits.cpu_time.map(whole_seconds),
        },
        privileges: launcher.means.privileges,
    })))
}

/// In a root of its own the links that lead to a confined program's folder may be missing.
fn cwd(spec: &Spec) -> OsString {
    let real = spec.confined.as_ref().and_then(|_| fs::canonicalize(&spec.cwd).ok());
    real.unwrap_or_else(|| spec.cwd.clone()).into()
}

fn veil(launcher: &Launcher, mut folders: Folders, hiding: Hiding) -> Veil {
    match hiding {
        Hiding::Landlock => Veil::Landlock(folders),
        Hiding::None => Veil::None,
        Hiding::Mounts | Hiding::NotAsked => match launcher.means.tree {
            Tree::Subreaper | Tree::Namespace { mounts: Mounts::Shared, .. } => Veil::None,
            Tree::Namespace { .. } => {
                // Where agents cannot write, they cannot lift their own limits.
                folders.frozen = launcher.frozen.iter().map(|mount| mount.clone().into()).collect();
                Veil::Mounts(folders)
            }
        },
    }
}

/// The folders as the kernel knows them: absolute, without links, parents before children, each once.
fn folders(spec: &Spec) -> Result<Folders, StartError> {
    // What does not exist needs no hiding.
    let mut hidden: Vec<PathBuf> =
        spec.hidden.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    hidden.sort();
    hidden.dedup_by(|below, above| below.starts_with(above));
    let mut visible = Vec::new();
    for place in spec.visible.iter().cloned().chain(enclosure::places(spec)) {
        let path = real(&place.path)?;
        if hidden.iter().any(|hidden| path.starts_with(hidden)) {
            visible.push((path.into_os_string(), place.access));
        }
    }
    visible.sort_by(|a, b| a.0.cmp(&b.0));
    let hidden = hidden.into_iter().map(PathBuf::into_os_string).collect();
    Ok(Folders { hidden, visible, frozen: Vec::new() })
}

pub(super) fn real(path: &Path) -> Result<PathBuf, StartError> {
    let doing = || format!("keep `{}` visible", path.display());
    fs::canonicalize(path).map_err(|source| StartError::Confine { doing: doing(), source })
}

/// The kernel counts processor time in seconds; none at all would kill the program before its first instruction.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}
