//! The only way out of an agent: every model call and every tool call is written down before the agent sees its answer,
//! and so is what people are asked and what they say.

pub mod answer;
pub mod broker;
pub mod budget;
pub mod conversation;
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
mod work;

pub use divergence::Divergence;
pub use journal::Pass;
pub use usage::Usage;
