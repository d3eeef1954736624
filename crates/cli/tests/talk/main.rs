//! The default runtime under what may happen to it: the real binary, a scripted model, tools that keep a ledger, and a
//! person at the gates.
//!
//! Every claim is checked from outside: by the run's journal as the API tells it, by what came at the model, by what the
//! tools wrote, and by the processes that are left. `MAINSPRING_FULL=1` takes every boundary of the sweep.

mod budget;
mod cancel;
mod clock;
mod denied;
mod doubt;
mod errand;
mod gates;
#[path = "../harness/mod.rs"]
mod harness;
mod scene;
mod sessions;
mod sweep;
