//! What a benchmark says: medians over rounds, their spread, and whether the gates hold.

use serde::Serialize;

use crate::measure::Sample;

/// Over this share of the machine in other hands, a gate says nothing.
pub(crate) const OTHERS_MAX: f64 = 0.20;

/// Whether the gates hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Held,
    Missed,
    Inconclusive,
}

/// One gate: a ratio and the bound it has to keep.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gate {
    pub(crate) what: String,
    pub(crate) ratio: f64,
    pub(crate) bound: f64,
    pub(crate) holds: bool,
}

impl Gate {
    pub(crate) fn at_least(what: &str, ratio: f64, bound: f64) -> Self {
        Self { what: what.into(), ratio, bound, holds: ratio >= bound }
    }

    pub(crate) fn at_most(what: &str, ratio: f64, bound: f64) -> Self {
        Self { what: what.into(), ratio, bound, holds: ratio <= bound }
    }
}

/// The median of each figure over the rounds.
pub(crate) fn median(rounds: &[Sample]) -> Sample {
    let of = |figure: fn(&Sample) -> f64| middle(rounds.iter().map(figure).collect());
    Sample {
        concurrency: rounds[0].concurrency,
        steps_per_s: of(|s| s.steps_per_s),
        cpu_ms_per_run: of(|s| s.cpu_ms_per_run),
        p50_ms: of(|s| s.p50_ms),
        p99_ms: of(|s| s.p99_ms),
        others: of(|s| s.others),
    }
}

/// The middle of some figures.
pub(crate) fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

/// The distance between the largest and the smallest, as a share of the median.
pub(crate) fn spread(figures: &[f64]) -> f64 {
    let (low, high) =
        figures.iter().fold((f64::MAX, f64::MIN), |(low, high), figure| (low.min(*figure), high.max(*figure)));
    (high - low) / middle(figures.to_vec()).max(f64::MIN_POSITIVE)
}

/// Prints the gates and says what they come to.
pub(crate) fn judge(gates: &[Gate], others: f64) -> Verdict {
    for gate in gates {
        let mark = if gate.holds { "holds " } else { "MISSED" };
        eprintln!("{mark}  {}: {:.2} (bound {:.2})", gate.what, gate.ratio, gate.bound);
    }
    if others > OTHERS_MAX {
        eprintln!("inconclusive: other processes took {:.0} % of the machine", others * 100.0);
        return Verdict::Inconclusive;
    }
    if gates.iter().all(|gate| gate.holds) { Verdict::Held } else { Verdict::Missed }
}
