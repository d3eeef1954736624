//! The process tier: agents as child processes that die with the server and stay within their limits.
//!
//! It promises four things. The whole tree of an agent ends when its main program ends, when it is killed and when
//! the server dies, also by `kill -9`. Limits are the kernel's. A program that is [`Confined`] sees and changes what it
//! was given, or is not started. And what was applied is said, in [`Isolation`], so that nothing is claimed that this
//! machine cannot give. What an agent is, how long it may take and what its output means
//! are left to the callers.
//!
//! Three processes stand behind each agent:
//!
//! ```text
//!  server ──spawn──> supervisor ──fork──> init ──fork, exec──> agent ──> whatever it forks
//!    └──── socket ───────┴─────────────────┘        (init is PID 1 of the agent's PID namespace)
//! ```
//!
//! The server writes the order into the socket, then single bytes that pass on signals. The socket is also the lifeline:
//! its end of file tells init that the server is gone or wants the tree dead. Back come the events of one start:
//!
//! ```text
//!             ┌──> failed ─────────────┐
//!  ordered ───┤                        ├──> gone      (nothing of the tree is left, its cgroups are removed)
//!             └──> started ──> ended ──┘
//!                       └─ init lost ──┘              (the exit is then `How::Lost`)
//! ```
//!
//! Where no PID namespace can be had, supervisor and init are subreapers and kill every descendant they find. That holds
//! for all but an agent that kills both of them at once, and it is reported as `pid_namespace: false`.

mod cgroup;
mod child;
mod error;
mod exit;
mod finding;
mod isolation;
mod launcher;
mod spec;
mod supervise;
mod sys;
mod wire;

pub use child::{Child, Signal};
pub use error::StartError;
pub use exit::{Exit, How};
pub use finding::{Finding, Status};
pub use isolation::{Confinement, Enforcement, Hiding, Isolation};
pub use launcher::{Facility, Launcher};
pub use spec::{Access, Confined, Input, Limits, Need, Output, Spec, Visible};
pub use supervise::supervise;

/// Keeps other processes of the same user from reading this one's memory, environment and open files.
///
/// For the server, once at its start. The files in `/proc/self` then belong to root; a re-execution of `/proc/self/exe`
/// still works, and programs started afterwards are not affected.
pub fn make_undumpable() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}
