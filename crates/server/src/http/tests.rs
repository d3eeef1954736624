//! The guard, the envelope and what routes read, over real listeners. The routes here only echo.

mod guarding;
mod requests;
mod server;
