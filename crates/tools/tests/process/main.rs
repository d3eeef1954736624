//! The tools that start programs, with real ones: what they answer, how they end, and what is out of their reach.

mod confined;
mod ending;
mod manifest;
mod python;
mod shell;
mod stage;
