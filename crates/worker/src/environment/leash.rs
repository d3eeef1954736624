//! Ties a child to the thread that starts it: when that thread ends, however it ends, the kernel kills the child.
#![allow(unsafe_code)]

use std::{io, os::unix::process::CommandExt as _, process::Command};

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// Makes the child of `command` lead its own process group and die with the thread that starts it.
///
/// That thread must stay until the child has ended.
pub(super) fn tie(command: &mut Command) {
    let ours = getpid();
    command.process_group(0);
    let tie = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // We may have died before the kernel was told: then another process has adopted the child.
        if getppid() == Some(ours) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: between fork and exec the closure makes two system calls and touches no memory but its own copy of `ours`:
    // it takes no lock and allocates nothing.
    unsafe { command.pre_exec(tie) };
}
