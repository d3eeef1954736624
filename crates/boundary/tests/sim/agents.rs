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
mod call;
mod cast;
mod deed;
mod landing;
mod laws;
mod life;
mod model;
mod people;
mod prng;
mod report;
mod server;
mod standing;
mod start;
mod tools;
mod town;
mod universe;
mod wishes;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mainspring_boundary::price::Prices;

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
    prices: Option<Prices>,
}

/// A universe after its end.
struct Life {
    report: Report,
    summary: Summary,
    told: Vec<String>,
}

impl Lab {
    /// Lives through what the seed holds; ends at the first law that is broken.
    pub(crate) fn run(&mut self, seed: u64) -> Result<Report, Box<Failure>> {
        if seed % 2 == 1 {
            return self.live(seed, Weather::Rough, Manners::Wild).map(|life| life.report);
        }
        let calm = self.live(seed, Weather::Calm, Manners::Steady)?;
        let rough = self.live(seed, Weather::Rough, Manners::Steady)?;
        if let Err(broken) = laws::same(&calm.summary, &rough.summary) {
            return Err(Box::new(Failure::of(seed, broken, rough.told)));
        }
        let mut report = calm.report;
        report += rough.report;
        Ok(report)
    }

    fn live(&mut self, seed: u64, weather: Weather, manners: Manners) -> Result<Life, Box<Failure>> {
        let (disk, uses) = self.disk.take().unwrap_or_else(|| (Disk::new(), 0));
        let prices = self.prices.get_or_insert_with(Prices::builtin).clone();
        let mut universe = Universe::new((seed, prices), weather, manners, disk);
        let lived = catch_unwind(AssertUnwindSafe(|| universe.live()));
        let broken = match lived {
            Ok(Ok(summary)) => {
                let (report, told) = (universe.report, universe.told.drain(..).collect());
                let disk = universe.into_disk();
                self.disk = (uses < DISK_USES_MAX).then_some((disk, uses + 1));
                return Ok(Life { report, summary, told });
            }
            Ok(Err(broken)) => broken,
            Err(panic) => Broken { law: "nothing panics", detail: message_of(&*panic) },
        };
        Err(Box::new(Failure::of(seed, broken, universe.told.into())))
    }
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}
