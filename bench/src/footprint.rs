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
    figure::{Figure, Round, figures, median, show},
    measure::Interval,
    report::{Gate, Verdict, judge, middle},
    scratch::scratch,
};

pub(crate) use self::helper::entered as entered_as_helper;

/// Runs that are paused in the last part.
const PAUSED: u32 = 10_000;

/// What the ten steps of a run make, in KB.
const RAW_KB: f64 = 10.0;

#[derive(Serialize)]
struct Report {
    figures: Vec<Figure>,
    gates: Vec<Gate>,
    others: f64,
}

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
    show(&figures);
    let report = Report { gates: gates(&figures), figures, others: middle(others) };
    options.print(&report);
    judge(&report.gates, report.others)
}

fn gates(figures: &[Figure]) -> Vec<Gate> {
    let of = |what| median(figures, what);
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
