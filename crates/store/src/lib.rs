//! The only SQL: journal, outbox, timers, catalogue, idempotency keys; and blobs for large values.
//!
//! One thread writes ([`Writer`]): it takes what has queued up, lets its [`Application`] write each message under a
//! savepoint of its own, and commits them together. Readers ([`Readers`]) have connections of their own and see only
//! what is committed. Sequence numbers are given inside the transaction that commits the entry, per run, without
//! gaps. Every call takes the tenant.
//!
//! The application writes through [`Ledger`], so that the simulator can put a model in SQLite's place.

mod batch;
mod blobs;
mod effect;
mod fault;
mod gate;
mod ledger;
mod open;
mod pen;
mod reader;
mod session;
mod unit;
mod writer;

pub use batch::Batch;
pub use blobs::Blobs;
pub use effect::{
    AccountKey, Balance, Called, Candidate, Charge, EffectRow, EffectState, Identity, Mine, NewEffect,
    NewTry, Recorded, RunLimit, Settlement, StoredBody, Tokens, TryEnd, Unconsumed,
};
pub use fault::{Fault, OpenError};
pub use gate::{GateFilter, GateRow, GateSettled};
pub use ledger::{Due, Entry, EntryKind, Key, Keyed, Ledger, NewEntry, Owed, Projection, RunKey, Version};
pub use open::{FORMAT, Store, StoreOptions};
pub use pen::{Node, Pen, Spender, Spent};
pub use reader::{Filter, Readers, RunRow, Used};
pub use session::{Conversation, InboxRow, SessionRow, TurnRow};
pub use unit::{Demand, News, Submit, Unit};
pub use writer::{Application, Queue, Writer, WriterGone};

/// Every statement text of this crate. One text serves SQLite and Postgres; a test prepares each on both.
pub fn statements() -> impl Iterator<Item = &'static str> {
    [pen::statements(), reader::statements(), open::STATEMENTS.to_vec()].concat().into_iter()
}
