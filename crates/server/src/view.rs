//! Runs and entries of the journal as the API shows them.

mod effect;
mod entry;
mod run;
mod waiting;

pub(crate) use effect::effect;
pub(crate) use entry::{Stream, to_json};
pub(crate) use run::{Known, Reading, Taken, summary};
