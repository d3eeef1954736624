//! The only way out of an agent: every model call is written down before the agent sees its answer.

pub mod answer;
pub mod budget;
mod divergence;
pub mod gateway;
mod journal;
pub mod price;
pub mod provider;
pub mod quota;
pub mod refusal;
pub mod request;
pub mod route;
mod upstream;
mod usage;

pub use divergence::Divergence;
pub use journal::Pass;
pub use usage::Usage;
