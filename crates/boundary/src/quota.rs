//! How fast a provider may be asked: one limiter per account and model, learning from what the provider answers.
//!
//! ```text
//! Open --429, or an answer says nothing is left--> Shut until T --T--> Probing: one call goes
//!  ^                                                 ^                    |
//!  |                                                 +-- another 429 -----+
//!  +--------------------------- it is accepted ---------------------------+
//! ```
//!
//! Promised: never more calls in flight than the window, never more a minute than the provider is set to; tenants take
//! turns and a tenant's calls go in order, so nobody starves; 429s in a row lengthen the pause geometrically, and calls
//! are let go one by one, so waiters never storm. [`Limiter`] decides and takes time as an argument; [`Governor`] waits.
//! Left to others: sending, and retrying what failed.

mod account;
mod governor;
mod headers;
mod limiter;
mod pace;
mod queue;
mod window;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod storm;

pub use account::Account;
pub use governor::{Busy, Governor, Permit};
pub use headers::exhausted;
pub use limiter::{Limiter, Outcome, Ticket, Turn};
