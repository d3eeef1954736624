//! What a benchmark says: medians over rounds, their spread, and whether the gates hold.

use serde::Serialize;

use crate::measure::Sample;

/// Over this share of the machine in other hands, a gate says nothing.
const OTHERS_MAX: f64 = 0.20;

/// Whether the gates hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Held,
    Missed,
    Inconclusive,
}

/// One gate: a figure and the bound it has to keep.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gate {
    what: String,
    is: f64,
    bound: f64,
    holds: bool,
}

impl Gate {
    pub(crate) fn at_least(what: &str, is: f64, bound: f64) -> Self {
        Self { what: what.into(), is, bound, holds: is >= bound }
    }

    pub(crate) fn at_most(what: &str, is: f64, bound: f64) -> Self {
        Self { what: what.into(), is, bound, holds: is <= bound }
    }
}

/// What one contender did: the samples of all rounds, for each concurrency.
pub(crate) struct Series {
    name: &'static str,
    samples: Vec<Vec<Sample>>,
}

/// The median of each figure over the rounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Median {
    #[serde(flatten)]
    pub(crate) of: Sample,
    /// The distance between the most and the fewest steps a second, as a share of the median.
    spread: f64,
}

impl Series {
    /// No samples yet, of `concurrencies` of them.
    pub(crate) fn new(name: &'static str, concurrencies: usize) -> Self {
        Self { name, samples: vec![Vec::new(); concurrencies] }
    }

    /// Adds the sample of one round at the concurrency of this place.
    pub(crate) fn add(&mut self, place: usize, sample: Sample) {
        self.samples[place].push(sample);
    }

    pub(crate) fn medians(&self) -> Vec<Median> {
        self.samples.iter().map(|rounds| median(rounds)).collect()
    }
}

fn median(rounds: &[Sample]) -> Median {
    let all = |figure: fn(&Sample) -> f64| -> Vec<f64> { rounds.iter().map(figure).collect() };
    let of = |figure| middle(all(figure));
    let sample = Sample {
        steps_per_s: of(|s| s.steps_per_s),
        cpu_ms_per_run: of(|s| s.cpu_ms_per_run),
        p50_ms: of(|s| s.p50_ms),
        p99_ms: of(|s| s.p99_ms),
        others: of(|s| s.others),
        ..rounds[0]
    };
    Median { of: sample, spread: spread(&all(|s| s.steps_per_s)) }
}

/// The share of the machine that others had in the middle one of all intervals.
pub(crate) fn others(series: &[&Series]) -> f64 {
    middle(series.iter().flat_map(|series| series.samples.iter().flatten()).map(|s| s.others).collect())
}

/// The middle of some figures; 0 of none.
pub(crate) fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

/// The distance between the largest and the smallest, as a share of the median.
pub(crate) fn spread(figures: &[f64]) -> f64 {
    let (low, high) = ends(figures);
    (high - low) / middle(figures.to_vec())
}

/// The smallest and the largest.
pub(crate) fn ends(figures: &[f64]) -> (f64, f64) {
    figures.iter().fold((f64::MAX, f64::MIN), |(low, high), figure| (low.min(*figure), high.max(*figure)))
}

/// Prints the medians of each contender, concurrency by concurrency, as the table that `bench/README.md` holds.
pub(crate) fn show(series: &[&Series]) {
    eprintln!("| {:<8} | at | steps/s | spread | CPU ms/run |  p50 ms |  p99 ms | others |", "");
    eprintln!("|{:-<10}|---:|--------:|-------:|-----------:|--------:|--------:|-------:|", "");
    let medians: Vec<_> = series.iter().map(|series| (series.name, series.medians())).collect();
    for place in 0..series[0].samples.len() {
        for (name, medians) in &medians {
            let Median { of: is, spread } = &medians[place];
            eprintln!(
                "| {name:<8} | {:>2} | {:>7.0} | {:>4.0} % | {:>10.3} | {:>7.2} | {:>7.2} | {:>4.0} % |",
                is.concurrency,
                is.steps_per_s,
                spread * 100.0,
                is.cpu_ms_per_run,
                is.p50_ms,
                is.p99_ms,
                is.others * 100.0,
            );
        }
    }
}

/// Prints the gates and says what they come to.
pub(crate) fn judge(gates: &[Gate], others: f64) -> Verdict {
    if !gates.is_empty() {
        eprintln!("\n| {:<36} |  bound | measured |        |", "gate");
        eprintln!("|{:-<38}|-------:|---------:|--------|", "");
    }
    for Gate { what, is, bound, holds } in gates {
        let verdict = if *holds { "holds" } else { "MISSED" };
        eprintln!("| {what:<36} | {bound:>6.2} | {is:>8.2} | {verdict:<6} |");
    }
    if others > OTHERS_MAX {
        eprintln!("inconclusive: other processes took {:.0} % of the machine", others * 100.0);
        return Verdict::Inconclusive;
    }
    if gates.iter().all(|gate| gate.holds) { Verdict::Held } else { Verdict::Missed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(steps_per_s: f64, others: f64) -> Sample {
        Sample { concurrency: 8, steps_per_s, cpu_ms_per_run: 1.0, p50_ms: 2.0, p99_ms: 3.0, runs: 4, others }
    }

    #[test]
    fn the_middle_is_not_moved_by_an_outlier() {
        assert_eq!(middle(vec![5.0, 1.0, 9000.0]).to_string(), "5");
        assert_eq!(middle(Vec::new()).to_string(), "0");
    }

    #[test]
    fn the_spread_is_a_share_of_the_middle() {
        assert_eq!(spread(&[90.0, 100.0, 120.0]).to_string(), "0.3");
        assert_eq!(spread(&[7.0]).to_string(), "0");
    }

    #[test]
    fn a_series_says_its_medians_as_one_flat_object() {
        let mut series = Series::new("product", 1);
        for (steps_per_s, others) in [(100.0, 0.5), (80.0, 0.0), (120.0, 0.1)] {
            series.add(0, sample(steps_per_s, others));
        }
        assert_eq!(
            serde_json::to_string(&series.medians()).expect("plain data"),
            r#"[{"concurrency":8,"steps_per_s":100.0,"cpu_ms_per_run":1.0,"p50_ms":2.0,"p99_ms":3.0,"spread":0.4}]"#
        );
        assert_eq!(others(&[&series]).to_string(), "0.1");
    }

    #[test]
    fn gates_hold_up_to_their_bound_and_say_nothing_on_a_busy_machine() {
        let held = [Gate::at_least("speed", 0.45, 0.45), Gate::at_most("cost", 3.5, 3.5)];
        let missed = [Gate::at_least("speed", 0.44, 0.45), Gate::at_most("cost", 3.5, 3.5)];
        assert_eq!(judge(&held, 0.2), Verdict::Held);
        assert_eq!(judge(&missed, 0.2), Verdict::Missed);
        assert_eq!(judge(&missed, 0.21), Verdict::Inconclusive);
        assert_eq!(judge(&[], 0.0), Verdict::Held);
    }
}
