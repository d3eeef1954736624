//! What the product takes: time to a first finished run, memory, disk, and what ten thousand paused runs cost.
//!
//! Each figure is of a fresh process of this binary with the embedded stack and the instant executor in it, as W1 has
//! them; where it says `ceiling`, of the bare journal in the same way. Memory is PSS: the process's own, and its share of
//! what others map too. Not in it: the HTTP clients, the command line and the real executor, which probes the sandbox.

mod helper;
mod paused;

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use serde::Serialize;

use self::helper::{Opened, Taken};
use crate::{
    Options,
    measure::Interval,
    report::{Gate, Verdict, ends, judge, middle},
    scratch::scratch,
};

pub(crate) use self::helper::entered as entered_as_helper;

/// Runs that are paused in the last part.
const PAUSED: u32 = 10_000;

/// What the ten steps of a run make, in KB.
const RAW_KB: f64 = 10.0;

/// One figure of all rounds.
#[derive(Serialize)]
struct Figure {
    what: &'static str,
    unit: &'static str,
    median: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct Report {
    figures: Vec<Figure>,
    gates: Vec<Gate>,
    others: f64,
}

/// The figures of one round, in the order in which they are told.
type Round = Vec<(&'static str, &'static str, f64)>;

/// Measures everything in every round and judges the bounds of the design.
pub(crate) fn run(options: Options) -> Verdict {
    let mut others = Vec::new();
    let rounds: Vec<Round> = options
        .each_round()
        .map(|_| {
            let interval = Interval::begin();
            let round = measure(options.seconds);
            others.push(interval.others());
            round
        })
        .collect();
    let figures = figures(&rounds);
    eprintln!("| {:<43} |     median | {:>16} |", "", "of all rounds");
    eprintln!("|{:-<45}|-----------:|-----------------:|", "");
    for Figure { what, unit, median, low, high } in &figures {
        eprintln!("| {what:<43} | {median:>7.2} {unit} | {:>16} |", format!("{low:.2} to {high:.2}"));
    }
    let report = Report { gates: gates(&figures), figures, others: middle(others) };
    options.print(&report);
    judge(&report.gates, report.others)
}

fn figures(rounds: &[Round]) -> Vec<Figure> {
    let figure = |(place, &(what, unit, _)): (usize, &(&'static str, &'static str, f64))| {
        let all: Vec<f64> = rounds.iter().map(|round| round[place].2).collect();
        let (low, high) = ends(&all);
        Figure { what, unit, median: middle(all), low, high }
    };
    rounds.first().map_or_else(Vec::new, |first| first.iter().enumerate().map(figure).collect())
}

fn gates(figures: &[Figure]) -> Vec<Gate> {
    let of =
        |what| figures.iter().find(|figure| figure.what == what).map_or(f64::NAN, |figure| figure.median);
    vec![
        Gate::at_most("ms from start to first run done", of(COLD), 200.0),
        Gate::at_most("MB idle", of(IDLE), 30.0),
        Gate::at_most("MB after 64 at once", of(LOADED), 60.0),
        Gate::at_most("disk over raw payload", of(DISK) / RAW_KB, 2.0),
        Gate::at_most("KB resident for each paused run", of(PAUSED_EACH), 1.0),
    ]
}

const COLD: &str = "start to first run done";
const IDLE: &str = "memory idle";
const LOADED: &str = "memory after 64 at once";
const DISK: &str = "disk for each run";
const PAUSED_EACH: &str = "memory for each paused run, after reopening";

fn measure(seconds: f64) -> Round {
    let (cold, bare_spawn) = (cold(), spawn());
    let (product, ceiling) = (loaded("load", seconds), loaded("load-ceiling", seconds));
    let (paused, reopened) = paused();
    let each = |with: f64| (with - product.idle) * 1024.0 / f64::from(PAUSED);
    vec![
        (COLD, "ms", cold),
        ("`/bin/true`, start to end", "ms", bare_spawn),
        (IDLE, "MB", product.idle),
        (LOADED, "MB", product.loaded),
        ("the most it ever had (RSS)", "MB", product.peak),
        ("ceiling: memory after 64 at once", "MB", ceiling.loaded),
        (DISK, "KB", product.disk),
        ("ceiling: disk for each run", "KB", ceiling.disk),
        (PAUSED_EACH, "KB", each(reopened.mb)),
        ("the same, in the process that paused them", "KB", each(paused)),
        ("opening a folder with 10,000 paused runs", "ms", reopened.ms),
    ]
}

/// From the start of a process on a new folder to the end of its first run, in milliseconds.
fn cold() -> f64 {
    let folder = scratch();
    let began = Instant::now();
    let mut child = helper("cold", folder.path(), 0.0).spawn().expect("starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let took = began.elapsed().as_secs_f64() * 1e3;
    assert!(child.wait().expect("a child").success(), "the cold start failed");
    took
}

fn spawn() -> f64 {
    let began = Instant::now();
    assert!(Command::new("/bin/true").env_clear().status().expect("starts").success());
    began.elapsed().as_secs_f64() * 1e3
}

fn loaded(mode: &str, seconds: f64) -> Taken {
    ask(mode, scratch().path(), seconds)
}

/// The memory of a process that has paused all those runs, in MB, and what another finds that opens their folder.
fn paused() -> (f64, Opened) {
    let folder = scratch();
    let paused: Opened = ask("pause", folder.path(), f64::from(PAUSED));
    (paused.mb, ask("reopen", folder.path(), 0.0))
}

/// What a helper found.
fn ask<T: serde::de::DeserializeOwned>(mode: &str, folder: &Path, amount: f64) -> T {
    let output = helper(mode, folder, amount).output().expect("starts");
    assert!(output.status.success(), "the helper `{mode}` failed");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn helper(mode: &str, folder: &Path, amount: f64) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["footprint-helper", mode]).arg(folder).arg(amount.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_order_with_their_medians() {
        let round = |cold| vec![(COLD, "ms", cold), (IDLE, "MB", 12.0)];
        let figures = figures(&[round(30.0), round(20.0), round(50.0)]);
        let told = |is: &Figure| format!("{}: {} of {} to {}", is.what, is.median, is.low, is.high);
        let told: Vec<_> = figures.iter().map(told).collect();
        assert_eq!(told, ["start to first run done: 30 of 20 to 50", "memory idle: 12 of 12 to 12"]);
    }
}
