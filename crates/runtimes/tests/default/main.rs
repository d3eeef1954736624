//! The default runtime's loop, played in worlds whose models and tools are scripts.

mod bounds;
mod calls;
mod context;
mod laws;
mod repair;
mod world;
