//! What the other crates' tests need from the outside world: faults on demand and services to throw away.
//!
//! - [`clients`]: the Python clients of providers, to install without a network.
//! - [`mcp_servers`]: real MCP servers, to start without a network.
//! - [`power_loss`]: what a disk may hold when the power fails, at every point of a SQLite workload.
//! - [`postgres`]: a Postgres server that lives as long as one value.
//! - [`processes`]: finds and kills the processes that belong to one test.
//! - [`small_disk`]: a file system that is soon full.
//! - [`upstream`]: a provider of models on loopback that answers from a script.
//!
//! It is a test tool: a fault of the harness itself panics with what happened. Only the absence of a service is
//! a value, [`Missing`], and [`or_skip`] says what to do about it.

pub mod clients;
pub mod mcp_servers;
mod missing;
pub mod postgres;
pub mod power_loss;
pub mod processes;
pub mod small_disk;
mod supervisor;
pub mod upstream;

pub use missing::{Missing, or_skip};
