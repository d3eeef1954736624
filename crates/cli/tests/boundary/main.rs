//! Agents that know nothing of us and speak to a model: what the boundary promises about their calls.
//!
//! The model is [`mainspring_testkit::upstream`], in the test's own process, so that it outlives every server and its
//! log tells what was paid for. `MAINSPRING_FULL=1` takes every kill point.

mod canary;
#[path = "../harness/mod.rs"]
mod harness;
mod kills;
mod paid;
mod scene;
