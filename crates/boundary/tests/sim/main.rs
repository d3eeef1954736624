//! Agents under the simulator: kept seeds, and a sample of new ones. `cargo xtask sim --seeds N` lives through more.

#[path = "agents.rs"]
mod agents;

use agents::{Lab, Report};

/// Seeds that once found a fault, oldest first: `seed # what it found`.
const KEPT: &str = include_str!("seeds.txt");

/// The seeds of [`KEPT`].
fn kept() -> impl Iterator<Item = u64> {
    let numbers = KEPT.lines().filter_map(|line| line.split('#').next()).map(str::trim);
    let written = numbers.filter(|number| !number.is_empty());
    written.map(|number| number.parse().expect("a line begins with a seed"))
}

fn check(seeds: impl IntoIterator<Item = u64>) -> Report {
    let mut lab = Lab::default();
    let mut report = Report::default();
    for seed in seeds {
        match lab.run(seed) {
            Ok(lived) => report += lived,
            Err(failure) => panic!("{failure}\nkeep it in tests/sim/seeds.txt: {seed} # what it found"),
        }
    }
    report
}

#[test]
fn every_kept_seed_holds() {
    check(kept());
}

#[test]
fn five_hundred_seeds_hold_and_meet_everything() {
    let report = check(0..500);
    let unmet: Vec<_> = report.counts().filter(|(_, count)| *count == 0).map(|(what, _)| what).collect();
    assert!(unmet.is_empty(), "the sample never saw: {unmet:?}");
}

#[test]
fn a_seed_does_the_same_every_time() {
    assert_eq!(check([7, 8, 9]), check([7, 8, 9]));
}
