//! Runs and entries of the journal as the API shows them.

mod entry;
mod run;
mod waiting;

pub(crate) use entry::{Stream, to_json};
pub(crate) use run::{Reading, Taken, status_of, summary};
