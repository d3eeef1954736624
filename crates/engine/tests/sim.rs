//! The simulator over kept seeds, over a sample of new ones, and over the real store.

use mainspring_engine::sim::{Ledgers, run};

/// Seeds that once found a fault, oldest first: `seed # what it found`.
const KEPT: &str = include_str!("seeds.txt");

fn check(seeds: impl IntoIterator<Item = u64>, ledgers: Ledgers) {
    for seed in seeds {
        if let Err(failure) = run(seed, ledgers) {
            panic!("{failure}\nkeep it in tests/seeds.txt: {seed} # what it found");
        }
    }
}

fn kept() -> Vec<u64> {
    let numbers = KEPT.lines().filter_map(|line| line.split('#').next()).map(str::trim);
    let written = numbers.filter(|number| !number.is_empty());
    written.map(|number| number.parse().expect("a line begins with a seed")).collect()
}

#[test]
fn every_kept_seed_holds_on_both() {
    check(kept(), Ledgers::Model);
    check(kept(), Ledgers::Store);
}

#[test]
fn a_thousand_seeds_hold() {
    check(0..1_000, Ledgers::Model);
}

#[test]
fn another_thousand_seeds_hold() {
    check(1_000..2_000, Ledgers::Model);
}

#[test]
fn some_seeds_hold_over_the_real_store() {
    check(2_000..2_050, Ledgers::Store);
}

#[test]
fn a_seed_does_the_same_on_both_and_every_time() {
    let once = run(7, Ledgers::Model).expect("seed 7 holds");
    assert_eq!(run(7, Ledgers::Model).expect("seed 7 holds"), once);
    assert_eq!(run(7, Ledgers::Store).expect("seed 7 holds"), once);
}
