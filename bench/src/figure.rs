//! Figures that stand alone: what each was in every round, and its median.

use serde::Serialize;

use crate::report::{ends, middle};

/// One figure of all rounds.
#[derive(Serialize)]
pub(crate) struct Figure {
    what: &'static str,
    unit: &'static str,
    pub(crate) median: f64,
    low: f64,
    high: f64,
}

/// The figures of one round, in the order in which they are told: what, in which unit, how much.
pub(crate) type Round = Vec<(&'static str, &'static str, f64)>;

/// The figures of all rounds.
pub(crate) fn figures(rounds: &[Round]) -> Vec<Figure> {
    let figure = |(place, &(what, unit, _)): (usize, &(&'static str, &'static str, f64))| {
        let all: Vec<f64> = rounds.iter().map(|round| round[place].2).collect();
        let (low, high) = ends(&all);
        Figure { what, unit, median: middle(all), low, high }
    };
    rounds.first().map_or_else(Vec::new, |first| first.iter().enumerate().map(figure).collect())
}

/// The median of one of them.
pub(crate) fn median(figures: &[Figure], what: &str) -> f64 {
    figures.iter().find(|figure| figure.what == what).map_or(f64::NAN, |figure| figure.median)
}

/// Prints them as the table that `bench/README.md` holds.
pub(crate) fn show(figures: &[Figure]) {
    eprintln!("| {:<43} |     median | {:>18} |", "", "of all rounds");
    eprintln!("|{:-<45}|-----------:|-------------------:|", "");
    for Figure { what, unit, median, low, high } in figures {
        eprintln!("| {what:<43} | {median:>7.2} {unit:<2} | {:>18} |", format!("{low:.2} to {high:.2}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_order_with_their_medians() {
        let round = |cold| vec![("cold", "ms", cold), ("idle", "MB", 12.0)];
        let figures = figures(&[round(30.0), round(20.0), round(50.0)]);
        let told = |is: &Figure| format!("{}: {} of {} to {}", is.what, is.median, is.low, is.high);
        let told: Vec<_> = figures.iter().map(told).collect();
        assert_eq!(told, ["cold: 30 of 20 to 50", "idle: 12 of 12 to 12"]);
        assert_eq!(median(&figures, "cold").to_string(), "30");
    }
}
