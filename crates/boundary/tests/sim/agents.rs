//! Agents under the simulator: the real loop of the default runtime, the real broker and conversations, and the real
//! driver over the real store, from a seed, with crashes at every commit and between everything.
//!
//! ```text
//!  people ──┐                       ┌── model, with the journal of its answers
//!           v                       v
//!  server: queue -> driver, broker  <- worker: attempts, each with its loop
//!           |                       ^
//!           v                       └── tools, with the ledger of what they did to the world
//!         store        laws: ledger, gates, runs, turns, usage
//! ```
//!
//! A seed decides everything. Seeds come in two kinds. The universe of a *steady* one is lived through twice: once
//! without mishaps, once with; people answer the same in both, and so both have to come to the same. In that of a *wild*
//! one people do what comes to their minds, late, twice and in vain, and workers are lost: it has to keep the laws, and
//! to end once everybody behaves.

mod attempt;
mod cast;
mod deed;
mod laws;
mod model;
mod people;
mod prng;
mod report;
mod server;
mod standing;
mod tools;
mod town;
mod universe;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use self::report::{Failure, Report};
use self::{
    laws::Broken,
    server::Disk,
    universe::{Manners, Summary, Universe, Weather},
};

/// After how many universes a disk is thrown away: what is committed stays on it.
const DISK_USES_MAX: u32 = 200;

/// Where universes are lived through, one after the other.
#[derive(Default)]
pub(crate) struct Lab {
    disk: Option<(Disk, u32)>,
}

impl Lab {
    /// Lives through what the seed holds; ends at the first law that is broken.
    pub(crate) fn run(&mut self, seed: u64) -> Result<Report, Box<Failure>> {
        if seed % 2 == 1 {
            return self.live(seed, Weather::Rough, Manners::Wild).map(|(report, _)| report);
        }
        let (mut report, calm) = self.live(seed, Weather::Calm, Manners::Steady)?;
        let (rough_report, rough) = self.live(seed, Weather::Rough, Manners::Steady)?;
        report += rough_report;
        laws::same(&calm, &rough).map_err(|broken| Failure::of(seed, broken, Vec::new()))?;
        Ok(report)
    }

    fn live(
        &mut self,
        seed: u64,
        weather: Weather,
        manners: Manners,
    ) -> Result<(Report, Summary), Box<Failure>> {
        let (disk, uses) = self.disk.take().unwrap_or_else(|| (Disk::new(), 0));
        let mut universe = Universe::new(seed, weather, manners, disk);
        let lived = catch_unwind(AssertUnwindSafe(|| universe.live()));
        let broken = match lived {
            Ok(Ok(summary)) => {
                let report = universe.report;
                let disk = universe.into_disk();
                self.disk = (uses < DISK_USES_MAX).then_some((disk, uses + 1));
                return Ok((report, summary));
            }
            Ok(Err(broken)) => broken,
            Err(panic) => Broken { law: "nothing panics", detail: message_of(&*panic) },
        };
        Err(Failure::of(seed, broken, universe.told.into()))
    }
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}
