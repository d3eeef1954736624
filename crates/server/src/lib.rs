//! The control plane: the data folder, the embedded stack and its HTTP API.

mod admission;
mod boundary;
pub mod caller;
pub mod config;
pub mod data;
pub mod http;
mod limits;
mod line;
pub mod plane;
pub mod stack;
mod view;
mod whisper;
