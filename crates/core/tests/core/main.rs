//! The core from outside: its laws, its single transitions, and the logs it must read for ever.

mod laws;
mod logs;
mod story;
mod transitions;
