//! The last steps of the process that becomes the agent.

use std::{
    fs::File,
    io::{self, Seek, Write},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

use ::landlock::RulesetCreated;
use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::{Resource, Rlimit, getrlimit, setrlimit, setsid},
    thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
    },
};

use super::{landlock, sockets};
use crate::{
    isolation::Confinement,
    spec::Output,
    sys::{default_signals, keep_only_stdio},
    wire::{During, Fault, Plan, Privileges, Program, ResourceLimits, Stage, Stdin},
};

/// What root keeps: rights over files, users and ports, none over the kernel, its mounts or other processes' memory.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_CHROOT);

/// Becomes the agent; returns only the reason why it could not.
pub(super) fn become_agent(
    plan: &Plan,
    program: &Program,
    entrances: &[File],
    rules: Option<RulesetCreated>,
) -> Fault {
    match confine(plan, entrances, rules) {
        Err(fault) => fault,
        Ok(()) => execute(program),
    }
}

fn confine(plan: &Plan, entrances: &[File], rules: Option<RulesetCreated>) -> Result<(), Fault> {
    setsid().during(Stage::Confine, "make a session")?;
    if plan.output == Output::Together {
        rustix::stdio::dup2_stderr(io::stdout()).during(Stage::Confine, "join the output")?;
    }
    default_signals();
    for mut entrance in entrances {
        entrance.write_all(b"0").during(Stage::Confine, "join the cgroup")?;
    }
    // Rights that would pass through the exec of a program that is not root's.
    clear_ambient_capability_set().during(Stage::Confine, "drop capabilities")?;
    if plan.privileges == Privileges::Reduce {
        reduce_privileges().during(Stage::Confine, "drop capabilities")?;
    }
    set_no_new_privs(true).during(Stage::Confine, "give up new privileges")?;
    rules.map_or(Ok(()), landlock::restrict)?;
    if plan.enclosure.as_ref().is_some_and(|enclosure| enclosure.by == Confinement::Landlock) {
        sockets::refuse().during(Stage::Confine, "refuse sockets")?;
    }
    keep_only_stdio().during(Stage::Confine, "close other files")?;
    limit(plan.limits).during(Stage::Confine, "set resource limits")
}

fn reduce_privileges() -> io::Result<()> {
    for capability in CapabilitySet::all().difference(KEPT).iter() {
        match remove_capability_from_bounding_set(capability) {
            // A capability that this kernel does not know yet.
            Err(rustix::io::Errno::INVAL) => {}
            other => other?,
        }
    }
    // Root's programs get what is inheritable on top of what is bounded.
    let sets = capabilities(None)?;
    Ok(set_capabilities(None, CapabilitySets { inheritable: CapabilitySet::empty(), ..sets })?)
}

fn limit(limits: ResourceLimits) -> io::Result<()> {
    let wanted = [
        (Resource::Core, Some(0)),
        (Resource::Nofile, limits.open_files),
        (Resource::Fsize, limits.file_size),
        (Resource::As, limits.address_space),
        (Resource::Nproc, limits.processes),
        (Resource::Cpu, limits.cpu_seconds),
    ];
    for (resource, most) in wanted {
        let Some(most) = most else { continue };
        // At the soft limit on processor time the kernel says SIGXCPU; at the hard one it kills, as anybody could.
        let last = if resource == Resource::Cpu { most + 1 } else { most };
        // A harder limit around us stays: raising it is refused, and it keeps what was asked for.
        let [current, maximum] =
            [most, last].map(|most| Some(getrlimit(resource).maximum.map_or(most, |hard| hard.min(most))));
        setrlimit(resource, Rlimit { current, maximum })?;
    }
    Ok(())
}

/// `Command` also unblocks what Rust blocks.
fn execute(program: &Program) -> Fault {
    let stdin = match &program.stdin {
        Stdin::Null => Ok(Stdio::null()),
        Stdin::Bytes(bytes) => in_memory(bytes).map(Stdio::from),
        Stdin::Pipe(end) => end.try_clone().map(Stdio::from),
    };
    let failed = stdin.and_then(|stdin| {
        let mut command = Command::new(&program.argv[0]);
        command
            .args(&program.argv[1..])
            .env_clear()
            .envs(program.env.iter().map(|(k, v)| (k, v)))
            .stdin(stdin);
        Err::<(), _>(command.exec())
    });
    failed.during(Stage::Program, "execute the program").expect_err("exec returns only on failure")
}

fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("stdin", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}
