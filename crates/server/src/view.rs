//! Runs, gates, conversations and entries of the journal as the API shows them.

mod effect;
mod entry;
mod gate;
mod reading;
mod run;
mod session;
mod tally;
mod waiting;

pub(crate) use effect::effect;
pub(crate) use entry::{Stream, to_json};
pub(crate) use gate::{gate, told};
pub(crate) use reading::{Cut, Reading};
pub(crate) use run::{Known, Taken, summary};
pub(crate) use session::{session, turn};
