//! The contract: what travels between clients, the control plane and workers.
//!
//! - [`run`], [`effect`], [`limit`], [`event`], [`gate`], [`session`], [`problem`]: the HTTP API under `/api/v1`. Requests refuse unknown fields, answers may gain
//!   fields that a client ignores.
//! - [`worker`]: what a worker and the control plane say to each other, serialised even within one process.
//! - [`client`]: the typed client of the HTTP API, over a UNIX socket or loopback TCP.

pub mod client;
pub mod effect;
pub mod event;
pub mod gate;
pub mod limit;
pub mod problem;
pub mod run;
pub mod session;
pub mod worker;

/// The header that makes a repeated `POST /api/v1/runs` the same run.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The address `serve` listens on unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7117";
