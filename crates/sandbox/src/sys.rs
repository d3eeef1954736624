//! The system calls that Rust cannot vouch for, each behind a function that is safe to call.

#![allow(unsafe_code)]

use std::{
    fs, io,
    os::fd::{AsRawFd as _, BorrowedFd},
    time::Duration,
};

use mainspring_types::ByteSize;
use rustix::{process::Pid, thread::UnshareFlags};

/// Which side of a fork this is.
pub(crate) enum Fork {
    /// The process that forked, with its child's id.
    Parent(Pid),
    /// The new process.
    Child,
}

/// Forks this process; refused when it has more than one thread.
pub(crate) fn fork() -> io::Result<Fork> {
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("a process with several threads is not forked"));
    }
    // SAFETY: with a single thread no lock is held by a thread that the child lacks, so the child may do all its
    // parent may.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        _ => Ok(Fork::Parent(Pid::from_raw(pid).expect("fork returns a positive id to the parent"))),
    }
}

/// Leaves namespaces shared with the parent. Only namespaces: the table of open files stays shared.
pub(crate) fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    assert!(!namespaces.contains(UnshareFlags::FILES), "the table of open files is no namespace");
    // SAFETY: only `FILES` lets threads see different open files, and it is excluded above.
    Ok(unsafe { rustix::thread::unshare_unsafe(namespaces) }?)
}

/// How much of a tree of mounts is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The mount itself.
    Alone,
    /// It and all below it.
    AllBelow,
}

/// Makes mounts read-only, attached or not.
pub(crate) fn make_read_only(mount: BorrowedFd<'_>, extent: Extent) -> io::Result<()> {
    let recursive = if extent == Extent::AllBelow { libc::AT_RECURSIVE } else { 0 };
    let attributes =
        libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path is an empty C string, and the attributes outlive the call, which is told their size.
    let outcome = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | recursive,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the kernel pass every later call of this process, and of all it becomes and starts, through a filter. It must
/// have given up new privileges.
pub(crate) fn filter_calls(filter: &[libc::sock_filter]) -> io::Result<()> {
    let length = filter.len().try_into().map_err(io::Error::other)?;
    let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut() };
    // SAFETY: the program points to as many instructions as it says, and the kernel copies them before the call returns.
    let outcome = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Marks every open file but the standard three to be closed at the next exec.
pub(crate) fn keep_only_stdio() -> io::Result<()> {
    // SAFETY: the call takes no pointers, and closing at exec takes no file from a running owner.
    match unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Puts every signal back to what it does by default. What is ignored stays so over an exec, and a shell that starts
/// its commands in the background without job control has them ignore interrupts.
pub(crate) fn default_signals() {
    for signal in 1..=libc::SIGSYS {
        // SAFETY: the default action runs no code of ours. For the two signals that nobody may change the call fails,
        // and changes nothing.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Processor time of all children waited for, and the most memory one of them held.
pub(crate) fn usage_of_children() -> (Duration, ByteSize) {
    // SAFETY: all-zero is a valid `rusage`: it is made of integers only.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live, writable `rusage`. The call fails only for arguments other than these.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    let time = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec.unsigned_abs()) + Duration::from_micros(t.tv_usec.unsigned_abs())
    };
    (time(usage.ru_utime) + time(usage.ru_stime), ByteSize(usage.ru_maxrss.unsigned_abs() * 1024))
}
