//! The product beside its ceiling at 1, 8 and 64 runs at once: the samples of both, their ratios, and the report.

use serde::Serialize;

use crate::{
    Options,
    measure::Sample,
    report::{Gate, Median, Series, Verdict, judge, others, show},
};

/// How many runs at once.
pub(crate) const CONCURRENCIES: [usize; 3] = [1, 8, 64];

/// The samples of both.
pub(crate) struct Contest {
    pub(crate) product: Series,
    pub(crate) ceiling: Series,
    /// What lies in the product's path, and what does not.
    path: &'static str,
}

#[derive(Serialize)]
struct Report {
    product: Vec<Median>,
    ceiling: Vec<Median>,
    gates: Vec<Gate>,
    others: f64,
    path: &'static str,
}

/// The product's medians over those of the ceiling.
pub(crate) struct Ratios(Vec<(Median, Median)>);

impl Ratios {
    /// The ratio of one figure at one of [`CONCURRENCIES`].
    pub(crate) fn of(&self, concurrency: usize, figure: fn(&Sample) -> f64) -> f64 {
        let at = |pair: &&(Median, Median)| pair.0.of.concurrency == concurrency;
        let (product, ceiling) = self.0.iter().find(at).expect("one of those measured");
        figure(&product.of) / figure(&ceiling.of)
    }
}

impl Contest {
    pub(crate) fn new(path: &'static str) -> Self {
        let series = |name| Series::new(name, CONCURRENCIES.len());
        Self { product: series("product"), ceiling: series("ceiling"), path }
    }

    /// Says what was measured, and whether the gates hold.
    pub(crate) fn end(&self, options: Options, gates: impl FnOnce(&Ratios) -> Vec<Gate>) -> Verdict {
        show(&[&self.product, &self.ceiling]);
        let (product, ceiling) = (self.product.medians(), self.ceiling.medians());
        let ratios = Ratios(product.iter().copied().zip(ceiling.iter().copied()).collect());
        for concurrency in CONCURRENCIES {
            eprintln!(
                "at {concurrency:>2} the product does {:.2} of the ceiling's steps/s for {:.2} times its CPU, p50 {:.2} times",
                ratios.of(concurrency, |s| s.steps_per_s),
                ratios.of(concurrency, |s| s.cpu_ms_per_run),
                ratios.of(concurrency, |s| s.p50_ms),
            );
        }
        let others = others(&[&self.product, &self.ceiling]);
        let report = Report { gates: gates(&ratios), product, ceiling, others, path: self.path };
        options.print(&report);
        judge(&report.gates, others)
    }
}
