//! The durable run as a pure value.
//!
//! A run is the fold of its events. [`Run::admit`] decides whether a request may be recorded and as which event;
//! [`Run::apply`] folds a recorded event in and says what is now owed to the world. There is no clock, no I/O, no
//! randomness and no async here, and every map is ordered, so that folding a log twice gives the same run on every
//! engine.
//!
//! ```text
//!                 Created
//!                    |
//!                    v      Paused            Resumed
//!                  open  <-------->  paused  --------> open
//!                    |                 |
//!   a step failed,   |                 |  CancelRequested
//!   the deadline     v                 v
//!   passed       stopping  (live attempts are told to end, the rest is dropped)
//!                    |
//!                    v
//!                  ended: completed | failed | cancelled
//! ```
//!
//! What this crate promises is written as laws in `tests/core/laws.rs`.

mod admit;
mod apply;
mod command;
mod event;
mod plan;
mod reason;
mod request;
mod run;
mod step;

pub use admit::Refusal;
pub use command::{Command, TimerId};
pub use event::{
    AttemptEnd, Created, Event, FORMAT, Failure, FailureClass, Loss, Principal, Used, Wait, What,
};
pub use plan::{InvalidPlan, Plan, PlannedStep, Retry, Trust};
pub use reason::{Reason, Status};
pub use request::{Ask, Request};
pub use run::{CancelLevel, Ending, Outcome, Phase, Run};
pub use step::{Step, StepState};

/// The rules a run created today lives under; a run keeps the rules it began with.
pub const RULES: u16 = 1;

/// How often a step may lose its worker, with no kill of the server itself, before it is parked.
pub const LOSSES_MAX: u32 = 5;

/// How long live attempts may take to end once the run is stopping, before they are fenced off.
pub const FENCE_AFTER: std::time::Duration = std::time::Duration::from_secs(10);
