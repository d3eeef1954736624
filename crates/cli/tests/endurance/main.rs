//! The product under what may happen to it: the real binary and its HTTP API, with agents that the tests write.
//!
//! Everything is driven from outside, by files, signals and requests over loopback, and every test ends by saying that
//! no process of it is left. `MAINSPRING_FULL=1` makes the long tests longer.

mod canary;
#[path = "../harness/mod.rs"]
mod harness;
mod kills;
mod leftover;
mod refusals;
mod source;
mod steps;
mod unkillable;
