//! Refusing Unix sockets, where Landlock alone confines: it does not know them, and behind the server's own socket all
//! is allowed to this user.
//!
//! Pairs of sockets are made by another call and work. So that there is no way around, calls are refused as well that
//! go by the numbers of another architecture, and the ring that makes calls without calling.

use std::io;

use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

use crate::sys::filter_calls;

/// The kernel's name for the architecture that this program is built for.
const ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(target_arch = "riscv64") {
    Some(0xc000_00f3)
} else {
    None
};

/// From here on the numbers are those of x86-64 with short pointers; other architectures have none so high.
const SHORT_POINTERS: u32 = 0x4000_0000;

// Offsets in what the kernel shows of a call.
const NUMBER: u32 = 0;
const ARCHITECTURE_OF_CALL: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

/// Refuses this process, and all it becomes and starts, sockets of the Unix family.
pub(super) fn refuse() -> io::Result<()> {
    let architecture = ARCHITECTURE.ok_or(io::ErrorKind::Unsupported)?;
    if cfg!(target_endian = "big") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    filter_calls(&filter(architecture))
}

/// Jumps say how many steps are skipped when the comparison holds, and when it does not.
fn filter(architecture: u32) -> [sock_filter; 11] {
    [
        load(ARCHITECTURE_OF_CALL),
        jump(BPF_JEQ, architecture, 0, 7),
        load(NUMBER),
        jump(BPF_JGE, SHORT_POINTERS, 5, 0),
        jump(BPF_JEQ, number(libc::SYS_io_uring_setup), 4, 0),
        jump(BPF_JEQ, number(libc::SYS_socket), 0, 2),
        load(FIRST_ARGUMENT),
        jump(BPF_JEQ, libc::AF_UNIX.unsigned_abs(), 2, 0),
        answer(libc::SECCOMP_RET_ALLOW),
        answer(libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
        answer(libc::SECCOMP_RET_ERRNO | libc::EACCES.unsigned_abs()),
    ]
}

fn load(offset: u32) -> sock_filter {
    step(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0)
}

fn jump(comparison: u32, with: u32, then: u8, otherwise: u8) -> sock_filter {
    step(BPF_JMP | comparison | BPF_K, with, then, otherwise)
}

fn answer(what: u32) -> sock_filter {
    step(BPF_RET | BPF_K, what, 0, 0)
}

fn step(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: u16::try_from(code).expect("codes of instructions have sixteen bits"), jt, jf, k }
}

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).expect("calls have small numbers")
}
