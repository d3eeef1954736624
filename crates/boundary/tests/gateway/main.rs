//! The gateway from the outside: agents that speak HTTP, providers that fail, a store that is real, no engine.

mod world;

mod budgets;
mod faults;
mod growth;
mod journal;
mod quota;
mod recovery;
