//! Drivers around the core: what decides when, and carries out what a run owes.
//!
//! [`Driver`] is the one driver: it admits requests, writes what follows into the [`mainspring_store::Ledger`] and,
//! once that is durable, hands what is owed to a [`World`]. It has no clock, no thread and no socket.
//! - [`Embedded`] runs it inside the store's writer thread, with the [`Desk`] and the [`Bell`] as its world.
//! - [`sim`] runs the same driver over a model world, from a seed, with crashes at every write.

mod bell;
mod desk;
mod driver;
mod embedded;
mod message;
mod projection;
mod resident;
pub mod sim;
mod world;

pub use bell::{Bell, Listener};
pub use desk::{Desk, Held, Kept, Order, Untaken};
pub use driver::Driver;
pub use embedded::{Embedded, EngineError};
pub use message::{Accepted, Body, Create, Message, Refused, RunNote};
pub use world::{Assignment, World};
