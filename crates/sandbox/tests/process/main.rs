//! The process tier against programs that misbehave, and what an agent sees of the machine.
//!
//! Each test runs with everything this machine gives and again without namespaces; `plain_user` runs them all a third
//! time as a user without rights. What cannot be had is skipped by name.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "skips are told, and one process tells another"
)]

mod confined;
mod limits;
mod plain_user;
mod stage;
mod start;
mod surroundings;
mod tree;
