//! Answers that are no answers: what a provider's failure means, and what ours look like to a client.
//!
//! [`classify()`] reads a status that is not 200 and says whether asking again helps and when. [`body()`] writes a refusal in
//! the shape of the provider that the client speaks to, so that the message reaches the person through any SDK.

mod body;
mod classify;
mod told;

pub(crate) use self::told::Told;
pub use self::{
    body::{Kind, body},
    classify::{Cure, Failure, classify},
};
