//! How a program ended, in words for the model that asked for it.

use std::{fmt, time::Duration};

use mainspring_agent::Limits;
use mainspring_sandbox::{Enforcement, Exit, How, Isolation};
use mainspring_types::ByteSize;

use super::Capture;

/// SIGKILL, which no program outlives.
const KILL: i32 = 9;
/// SIGXCPU, by which the kernel tells a program that its processor time is used up.
const XCPU: i32 = 24;

/// The signals that end programs, by the names people know them by.
const SIGNALS: [(i32, &str); 13] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
    (13, "SIGPIPE"),
    (15, "SIGTERM"),
    (25, "SIGXFSZ"),
    (31, "SIGSYS"),
];

/// How a program ended. It is shown as what follows its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// The kernel killed it, or a part of it, at this memory limit.
    OutOfMemory(ByteSize),
    /// The kernel killed it at this limit of processor time.
    OutOfProcessorTime(Duration),
    /// It was killed with all it had started, because its time was over.
    TimedOut(Duration),
    /// It was killed from outside.
    Lost,
}

impl Ending {
    pub(super) fn of(exit: &Exit, isolation: &Isolation, limits: &Limits, complaints: &Capture) -> Self {
        let refused = isolation.memory == Enforcement::ResourceLimit && complaints.ends_with(b"MemoryError");
        match (exit.how, limits.time) {
            (How::Code(0), _) => Self::Code(0),
            (How::Lost, _) => Self::Lost,
            _ if exit.out_of_memory || refused => Self::OutOfMemory(limits.memory),
            (How::Code(code), _) => Self::Code(code),
            // The kernel says so first, and kills a program that does not listen.
            (How::Signal(XCPU), Some(limit)) => Self::OutOfProcessorTime(limit),
            (How::Signal(KILL), Some(limit)) if exit.cpu >= limit => Self::OutOfProcessorTime(limit),
            (How::Signal(signal), _) => Self::Signal(signal),
        }
    }

    /// Whether the program says that all went well.
    pub(crate) fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match SIGNALS.iter().find(|(number, _)| number == signal) {
                Some((_, name)) => write!(f, "ended by signal {signal} ({name})"),
                None => write!(f, "ended by signal {signal}"),
            },
            Self::OutOfMemory(limit) => write!(f, "killed: more memory was used than the limit of {limit}"),
            Self::OutOfProcessorTime(limit) => {
                write!(f, "killed: more processor time was used than the limit of {limit:?}")
            }
            Self::TimedOut(limit) => {
                write!(f, "was killed with all it had started, because it took longer than {limit:?}")
            }
            Self::Lost => f.write_str("was killed from outside"),
        }
    }
}
