//! The broker and conversations from the outside: the real store, engine and writer, and a worker that the test plays.

mod world;

mod approvals;
mod calls;
mod children;
mod doubts;
mod interrupts;
mod messages;
mod restarts;
mod sessions;
