//! A person at the terminal: what they are asked, what they press, and what they mean by it.
//!
//! Pure state machines, with time as an argument: [`Ask`] is one decision, [`Asks`] the decisions that wait,
//! [`Interrupts`] what Ctrl-C means. Whoever drives them does what they say.

mod ask;
mod asks;
mod interrupts;

pub(crate) use ask::{Act, Ask};
pub(crate) use asks::{Asks, Draft};
pub(crate) use interrupts::{Interrupts, Meaning};
