//! Takes an attempt, prepares its environment, runs it, and reports how it ended.
//!
//! - [`Worker`] keeps slots filled with attempts that it claims over a line to the control plane.
//! - [`Execute`] is what does the work of one attempt; [`ProcessExecutor`] does it with processes, [`ConverseExecutor`]
//!   with a model and its tools, and [`Executor`] with whichever the attempt needs.
//! - [`environment`] builds what package agents need.
//!
//! A worker opens no store. What it says about an attempt counts only as long as the control plane says so.

#![allow(clippy::result_large_err, reason = "a refusal is rare, and it is read by a person")]

mod attempt;
mod converse;
pub mod environment;
mod execute;
mod heartbeat;
mod link;
mod notes;
mod process;
mod slot;
mod worker;

pub use converse::{ConverseExecutor, Executor, Ground, Vault};
pub use execute::{Control, Execute, Execution, Outcome, Scribe};
pub use mainspring_tools::web::Reach;
pub use process::{Folders, ProcessExecutor};
pub use worker::Worker;
