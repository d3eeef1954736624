//! What a step of the default runtime costs: a model call and a tool call, beside the same two made barely.
//!
//! `product` is everything: broker and gateway, each with an intent and an answer that are durable before anything
//! follows from them. `bare` sends the same requests, byte by byte, straight to the model and calls the same function of
//! the tool. `journaled` is `bare` with as many commits to a bare journal as a step of the product has. A run has ten
//! steps; what is told of a step is what such a run takes over one without any, so that beginning and end do not count.

mod bare;
mod commits;
mod subject;
mod tool;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc;

use self::{bare::Bare, subject::Subject};
use crate::{
    Options,
    agents::launcher,
    board::{Board, Column, Point},
    ceiling::Journal,
    measure::{Sample, drive},
    peer::{Peer, model},
    report::{Gate, Verdict, judge, middle},
    scratch::scratch,
    w1::STEPS,
};

const COLUMNS: &[Column] = &[
    Column { key: "steps_per_s", title: "steps/s", decimals: 0 },
    Column { key: "p50_ms_per_step", title: "p50 ms/step", decimals: 3 },
    Column { key: "cpu_ms_per_step", title: "CPU ms/step", decimals: 3 },
    Column { key: "p50_ms_beside", title: "p50 ms beside", decimals: 2 },
    Column { key: "cpu_ms_beside", title: "CPU ms beside", decimals: 2 },
];

const PATH: &str = "the loop, its calls through gateway and broker with fsync, the worker protocol, HTTP to the \
                    gateway and to the model; without a process for the tool";

/// How many runs at once.
const CONCURRENCIES: [usize; 2] = [1, 16];

/// Four: intent and answer of the model call, the same of the tool call. Some that begin or end a run share a commit or
/// do not, as it happens, which is seen as a fraction over its ten steps.
const COMMITS_MAX: f64 = 4.5;

/// What is the same for all contenders.
struct Scene {
    upstream: Peer,
    /// The requests of a run, in order.
    bodies: Arc<[Bytes]>,
    length: Duration,
}

/// Measures all three in interleaved rounds. The one gate is a count, which noise hardly moves.
pub(crate) fn run(options: Options) -> Verdict {
    let (mut board, mut commits) = (Board::new(COLUMNS), Vec::new());
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let (bodies, length) = (recorded().await, Duration::from_secs_f64(options.seconds));
        let scene = Scene { upstream: Peer::model(), bodies, length };
        for _ in options.each_round() {
            for concurrency in CONCURRENCIES {
                scene.bare(&mut board, concurrency).await;
                commits.push(scene.product(&mut board, concurrency).await);
            }
        }
    });
    board.show();
    for at in CONCURRENCIES {
        tell(&board, at);
    }
    let gates = [Gate::at_most("commits of a step, one run at a time", middle(commits), COMMITS_MAX)];
    options.print(&json!({
        "product": board.medians("product"), "journaled": board.medians("journaled"), "bare": board.medians("bare"),
        "gates": gates, "others": board.others(), "path": PATH,
    }));
    judge(&gates, board.others())
}

fn tell(board: &Board, at: usize) {
    for (key, unit) in [("p50_ms_per_step", "ms"), ("cpu_ms_per_step", "CPU ms")] {
        let of = |contender| board.median(contender, at, key);
        let (product, journaled, bare) = (of("product"), of("journaled"), of("bare"));
        eprintln!(
            "at {at:>2} a step costs {:.2} {unit} over the bare {bare:.2}, {:.1} times; {:.2} of it a bare journal costs too",
            product - bare,
            product / bare,
            journaled - bare,
        );
    }
}

/// The requests of one run of the product.
async fn recorded() -> Arc<[Bytes]> {
    let folder = scratch();
    let (keep, mut kept) = mpsc::unbounded_channel();
    let model = model::open(move |asked| keep.send(asked.body.clone()).expect("somebody listens")).await;
    let (agents, _) = Subject::start(folder.path(), &model.url).await;
    agents.product.stop().await;
    let bodies: Arc<[Bytes]> = std::iter::from_fn(|| kept.try_recv().ok()).collect();
    assert_eq!(bodies.len(), STEPS + 1, "a call for each step, and one that ends the run");
    bodies
}

impl Scene {
    /// Measures the two that do without the product.
    async fn bare(&self, board: &mut Board, concurrency: usize) {
        let folder = scratch();
        let journal = Journal::open(folder.path());
        for (name, clerk) in [("bare", None), ("journaled", Some(journal.clerk()))] {
            let (files, launcher) = (tool::files(folder.path()), launcher());
            let (url, bodies) = (self.upstream.door.url.clone(), self.bodies.clone());
            let bare = Bare { files, launcher, url, bodies, clerk };
            let run = move |steps| bare.clone().run(steps);
            board.add(name, self.measure(concurrency, run).await);
        }
        journal.close();
    }

    /// Measures the product; says how many commits one of its steps has.
    async fn product(&self, board: &mut Board, concurrency: usize) -> f64 {
        let folder = scratch();
        let (agents, subject) = Subject::start(folder.path(), &self.upstream.door.url).await;
        let commits = subject.commits().await;
        let run = move |steps| subject.clone().run(steps);
        board.add("product", self.measure(concurrency, run).await);
        agents.product.stop().await;
        commits
    }

    /// Measures runs with steps, and such without any.
    async fn measure<R: Future<Output = ()> + Send + 'static>(
        &self,
        concurrency: usize,
        run: impl Fn(usize) -> R + Clone + Send + 'static,
    ) -> Point {
        let of = |steps| {
            let run = run.clone();
            drive((concurrency, steps), self.length, move || run(steps))
        };
        point(&of(STEPS).await, &of(0).await)
    }
}

fn point(whole: &Sample, empty: &Sample) -> Point {
    #[expect(clippy::cast_precision_loss, reason = "ten")]
    let each = |of: fn(&Sample) -> f64| (of(whole) - of(empty)) / STEPS as f64;
    let (p50, cpu) = (each(|s| s.p50_ms), each(|s| s.cpu_ms_per_run));
    let figures = vec![whole.steps_per_s, p50, cpu, empty.p50_ms, empty.cpu_ms_per_run];
    Point { concurrency: whole.concurrency, figures, others: f64::midpoint(whole.others, empty.others) }
}
