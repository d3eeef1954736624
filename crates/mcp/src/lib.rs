//! Servers of the Model Context Protocol: started, listed, called, and held to what they said.
//!
//! A server is a stranger. Whatever it does (hangs, floods, dies, lies, speaks nonsense, asks things back) ends in
//! bounded time and memory, harms nobody else, and is explained: which server, what it did, what to do. Programs run in
//! the sandbox and are gone with their [`Servers`].
//!
//! Whether a call may be made, how often and what it does to the world is decided elsewhere; here a call is sent once,
//! and [`Outcome`] tells whether it returned, never arrived, or is unknown.
//!
//! ```text
//!  Servers ── Server ── Connection ── rmcp ── Guard ──┬── Measured ── a program's pipes
//!             pinned     ask: answer,                 └── Web ── HTTP
//!             tools      unasked, unanswered
//! ```

mod client;
mod connection;
mod evidence;
mod fault;
mod gauge;
mod guard;
mod http;
mod listing;
mod outcome;
mod server;
mod servers;
mod shape;
mod stdio;

pub use listing::{Changes, Hints, Listing, ToolSpec};
pub use outcome::Outcome;
pub use servers::{Call, Servers};
