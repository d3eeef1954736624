//! Takes an attempt, prepares its environment, runs it, and reports how it ended.
//!
//! - [`Worker`] keeps slots filled with attempts that it claims over a line to the control plane.
//! - [`Execute`] is what does the work of one attempt.
//!
//! A worker opens no store. What it says about an attempt counts only as long as the control plane says so.

mod attempt;
pub mod environment;
mod execute;
mod heartbeat;
mod link;
mod notes;
mod worker;

pub use execute::{Control, Execute, Execution, Outcome, Scribe};
pub use worker::Worker;
