//! The simulator: the real driver and the real desk over a model world, from a seed.
//!
//! A seed decides everything: the plans of the runs, what clients and workers do and when, what the clock shows, in
//! which batches messages are written, and what goes wrong at which write. After every batch the laws are checked
//! against what is durable; at the end the world is healed and every run has to end. The same seed does the same
//! on every machine, so a failure is repeated with its number alone.
//!
//! ```text
//!   clients, workers --messages--> server: queue -> driver -> ledger (model, or the real store)
//!        ^                            |                          |
//!        +---- answers, desk ---------+                          v
//!                                                     record: every journal folded beside the server
//!   laws: server, desk, tables, answers == record
//! ```
//!
//! What it covers and what it does not is told in `docs/decisions/0002-simulator.md`.

mod around;
mod client;
mod disk;
mod laws;
mod ledger;
mod mail;
mod mishap;
mod plans;
mod prng;
mod record;
mod server;
mod universe;
mod worker;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use mainspring_core::Status;

use self::{laws::Broken, universe::Universe};

/// What lies under the simulated server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ledgers {
    /// Ordered maps that mean what the store means: fast.
    Model,
    /// The real store, in a folder of its own.
    Store,
}

/// What happened in a simulation; sums over many.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// What clients, workers, the clock and fate did.
    pub actions: u64,
    /// Transactions begun.
    pub batches: u64,
    /// Journal entries committed.
    pub entries: u64,
    /// Transactions in which something went wrong.
    pub faults: u64,
    /// Servers that ended and were started again.
    pub crashes: u64,
    /// Starts that were refused by a fault and tried again.
    pub refused_recoveries: u64,
    /// Runs that completed.
    pub completed: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Runs that were cancelled.
    pub cancelled: u64,
}

/// A seed that broke a law.
#[derive(Debug, thiserror::Error)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What lay under the server.
    pub ledgers: Ledgers,
    /// The law.
    pub law: String,
    /// What was found instead.
    pub detail: String,
    /// What happened last, oldest first.
    pub trace: Vec<String>,
}

/// Lives through what the seed holds; ends at the first law that is broken.
pub fn run(seed: u64, ledgers: Ledgers) -> Result<Report, Box<Failure>> {
    // The desk makes time-outs, which need a clock even when nobody waits for them.
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let clock = clock.expect("a clock needs nothing of the machine");
    let _entered = clock.enter();
    let mut universe = Universe::new(seed, ledgers);
    let lived = catch_unwind(AssertUnwindSafe(|| universe.live()));
    let broken = match lived {
        Ok(Ok(())) => return Ok(universe.report),
        Ok(Err(broken)) => broken,
        Err(panic) => Broken { law: "nothing panics", detail: message_of(&*panic) },
    };
    Err(Box::new(Failure {
        seed,
        ledgers,
        law: broken.law.to_owned(),
        detail: broken.detail,
        trace: universe.told.into(),
    }))
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}

impl Report {
    fn count_runs(&mut self, runs: impl Iterator<Item = Status>) {
        for status in runs {
            match status {
                Status::Completed => self.completed += 1,
                Status::Failed => self.failed += 1,
                Status::Cancelled => self.cancelled += 1,
                Status::Queued | Status::Running | Status::Waiting | Status::Paused => {}
            }
        }
    }
}

impl std::ops::AddAssign for Report {
    fn add_assign(&mut self, more: Self) {
        self.actions += more.actions;
        self.batches += more.batches;
        self.entries += more.entries;
        self.faults += more.faults;
        self.crashes += more.crashes;
        self.refused_recoveries += more.refused_recoveries;
        self.completed += more.completed;
        self.failed += more.failed;
        self.cancelled += more.cancelled;
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "seed {} over {:?} breaks a law: {}", self.seed, self.ledgers, self.law)?;
        write!(f, "  {}", self.detail)
    }
}
