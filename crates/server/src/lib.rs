//! The control plane: the data folder, the embedded stack and its HTTP API.

pub mod plane;
