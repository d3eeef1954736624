//! What it takes to wait for people: five hundred sessions parked at gates, and how soon one goes on once answered.
//!
//! The product is a process of its own, with its worker, and is talked to over its control socket as by the command
//! line. A third of the sessions wait for an approval, a third for the answer to a question, a third for the next message.
//! All of them are parked in one process; what they cost while they wait, and how they go on, is measured in a fresh one
//! on the same folder, which knows of them only what is on the disk.

mod arrivals;
mod inbox;
mod rest;
mod wake;

use std::time::Duration;

use mainspring_api::gate::GateKind;
use serde::Serialize;
use tokio::runtime::Runtime;

use self::{
    arrivals::Arrivals,
    rest::{Rest, rest, settled},
    wake::{Answers, Flood, Woken},
};
use crate::{
    Options,
    agents::client,
    figure::{Figure, Round, figures, median, show},
    gateway::settings,
    measure::{Interval, quantile},
    peer::{Peer, model},
    report::{Gate, Verdict, judge, middle},
    scratch::scratch,
};

/// Sessions that wait, and how many of them are answered one by one; the others are answered together.
const SESSIONS: usize = 500;
const ONE_BY_ONE: usize = 200;

/// A process at rest is watched for so many times `--seconds`.
const WATCH: f64 = 5.0;

#[derive(Serialize)]
struct Report {
    figures: Vec<Figure>,
    gates: Vec<Gate>,
    others: f64,
}

/// Measures everything in every round and judges what noise does not move.
pub(crate) fn run(options: Options) -> Verdict {
    let (runtime, mut others) = (Runtime::new().expect("a runtime"), Vec::new());
    let rounds: Vec<Round> = options
        .each_round()
        .map(|_| {
            let interval = Interval::begin();
            let round = measure(&runtime, Duration::from_secs_f64(WATCH * options.seconds));
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

const EACH: &str = "memory for each session that waits";
const PROCESSES: &str = "processes while 500 wait";
const CPU: &str = "CPU a second while 500 wait";

fn gates(figures: &[Figure]) -> Vec<Gate> {
    let of = |what| median(figures, what);
    vec![
        Gate::at_most("KB resident for each waiting session", of(EACH), 1.0),
        Gate::at_most("processes while they wait", of(PROCESSES), 0.0),
        Gate::at_most("CPU ms a second while they wait", of(CPU), 5.0),
    ]
}

fn measure(runtime: &Runtime, watch: Duration) -> Round {
    let folder = scratch();
    let arrivals = Arrivals::default();
    let config = settings(&runtime.block_on(model::open(arrivals.hear())).url);
    let begin = || Peer::agents(folder.path(), &config);

    let first = begin();
    let idle = rest(first.pid(), watch);
    let client = client(folder.path());
    let sessions = runtime.block_on(inbox::fill(&client, folder.path(), SESSIONS));
    let parked = settled(first.pid());
    drop(first);

    let again = begin();
    let waiting = rest(again.pid(), watch);
    let (singly, together) = sessions.split_at(ONE_BY_ONE);
    let answers = Answers { client: &client, arrivals: &arrivals };
    let woken = runtime.block_on(answers.one_by_one(singly));
    let flood = runtime.block_on(answers.together(together));
    let commits = runtime.block_on(wake::commits(folder.path(), ONE_BY_ONE));
    [at_rest(&idle, parked, &waiting), singly_woken(&woken, commits), flooded(&flood)].concat()
}

#[expect(clippy::cast_precision_loss, reason = "five hundred")]
fn at_rest(idle: &Rest, parked: f64, waiting: &Rest) -> Round {
    let each = (waiting.memory - idle.memory) * 1024.0 / SESSIONS as f64;
    vec![
        ("memory of a fresh process on a new folder", "MB", idle.memory),
        ("memory of a fresh process, 500 waiting", "MB", waiting.memory),
        (EACH, "KB", each),
        ("memory of the process that parked them", "MB", parked),
        (PROCESSES, "", waiting.children),
        (CPU, "ms", waiting.cpu),
        ("the same with no session", "ms", idle.cpu),
        ("threads woken a second while 500 wait", "", waiting.wakes),
        ("the same with no session", "", idle.wakes),
    ]
}

fn singly_woken(woken: &[Woken], commits: Vec<Duration>) -> Round {
    let receipts = woken.iter().map(|woken| woken.receipt).collect();
    let all: Vec<_> = woken.iter().map(|woken| woken.request).collect();
    let of = |kind| woken.iter().filter(|woken| woken.kind == kind).map(|woken| woken.request).collect();
    vec![
        ("a commit to a bare journal, p50", "ms", at(0.50, commits)),
        ("answer to its receipt, p50", "ms", at(0.50, receipts)),
        ("answer to next model request, p50", "ms", at(0.50, all.clone())),
        ("the same, p95", "ms", at(0.95, all)),
        ("after an approval, p50", "ms", at(0.50, of(GateKind::Approval))),
        ("after the answer to a question, p50", "ms", at(0.50, of(GateKind::Question))),
        ("after a message, p50", "ms", at(0.50, of(GateKind::Input))),
    ]
}

fn flooded(flood: &Flood) -> Round {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    vec![
        ("300 answered together: all ask the model", "ms", millis(flood.requests)),
        ("300 answered together: all have ended", "ms", millis(flood.ends)),
    ]
}

fn at(q: f64, mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    quantile(&times, q)
}
