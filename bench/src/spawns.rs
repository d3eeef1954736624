//! W1 with one process a step, through the real sandbox, beside ten bare spawns.
//!
//! Three contenders show where the time goes: `product` is the whole path of W1 with a sandboxed process in every
//! step, `sandbox` the same starts without engine and store, `ceiling` plain spawns of the same program. Not in the path:
//! the copy of the agent's version, its environment, and an interpreter, since the program is `/bin/true`.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use mainspring_api::worker::Task;
use mainspring_sandbox::{How, Launcher, Limits, Spec};
use mainspring_types::ByteSize;
use mainspring_worker::{Control, Execute, Execution, Outcome};
use serde::Serialize;
use tokio::process::Command;

use crate::{
    Options,
    measure::{Sample, drive},
    product::{Product, done},
    report::{Median, Series, Verdict, judge, others, show},
    scratch::scratch,
    w1::{PAYLOAD, STEPS},
};

const PROGRAM: &str = "/bin/true";

/// How many runs at once. No more: two of them keep a small machine busy.
const CONCURRENCIES: [usize; 2] = [1, 2];

#[derive(Serialize)]
struct Report {
    product: Vec<Median>,
    sandbox: Vec<Median>,
    ceiling: Vec<Median>,
    overhead: Vec<Overhead>,
    others: f64,
}

/// What a step costs over a bare spawn, in milliseconds.
#[derive(Serialize)]
struct Overhead {
    concurrency: usize,
    product_ms: f64,
    sandbox_ms: f64,
    product_cpu_ms: f64,
    sandbox_cpu_ms: f64,
}

struct Contenders {
    product: Series,
    sandbox: Series,
    ceiling: Series,
}

/// Measures all three in interleaved rounds. No gate: reported beside what this machine needs for a process.
pub(crate) fn run(options: Options) -> Verdict {
    let series = |name| Series::new(name, CONCURRENCIES.len());
    let mut all =
        Contenders { product: series("product"), sandbox: series("sandbox"), ceiling: series("ceiling") };
    tokio::runtime::Runtime::new().expect("a runtime").block_on(hold(&mut all, options));
    let Contenders { product, sandbox, ceiling } = &all;
    show(&[product, sandbox, ceiling]);
    let report = Report {
        product: product.medians(),
        sandbox: sandbox.medians(),
        ceiling: ceiling.medians(),
        overhead: overheads(&all),
        others: others(&[product, sandbox, ceiling]),
    };
    for is in &report.overhead {
        eprintln!(
            "at {} a step costs {:.2} ms and {:.2} CPU ms over a bare spawn; of that the sandbox {:.2} and {:.2}",
            is.concurrency, is.product_ms, is.product_cpu_ms, is.sandbox_ms, is.sandbox_cpu_ms
        );
    }
    options.print(&report);
    judge(&[], report.others)
}

#[expect(clippy::cast_precision_loss, reason = "ten")]
fn overheads(all: &Contenders) -> Vec<Overhead> {
    let (product, sandbox, ceiling) = (all.product.medians(), all.sandbox.medians(), all.ceiling.medians());
    let a_step = |who: &Median, bare: &Median, figure: fn(&Sample) -> f64| {
        (figure(&who.of) - figure(&bare.of)) / STEPS as f64
    };
    let pairs = product.iter().zip(&sandbox).zip(&ceiling);
    pairs
        .map(|((product, sandbox), bare)| Overhead {
            concurrency: bare.of.concurrency,
            product_ms: a_step(product, bare, |s| s.p50_ms),
            sandbox_ms: a_step(sandbox, bare, |s| s.p50_ms),
            product_cpu_ms: a_step(product, bare, |s| s.cpu_ms_per_run),
            sandbox_cpu_ms: a_step(sandbox, bare, |s| s.cpu_ms_per_run),
        })
        .collect()
}

async fn hold(all: &mut Contenders, options: Options) {
    let length = Duration::from_secs_f64(options.seconds);
    let launcher = Launcher::probe(std::env::current_exe().expect("this binary"));
    for _ in options.each_round() {
        for (place, concurrency) in CONCURRENCIES.into_iter().enumerate() {
            let folder = scratch();
            let at = (concurrency, STEPS);
            all.ceiling.add(place, drive(at, length, spawn_ten).await);

            let sandboxed = Sandboxed { launcher: launcher.clone(), hidden: folder.path().to_owned() };
            let bare = sandboxed.clone();
            all.sandbox.add(place, drive(at, length, move || start_ten(bare.clone())).await);

            let product = Product::start(folder.path(), Arc::new(sandboxed)).await;
            all.product.add(place, product.measure(concurrency, length).await);
            product.stop().await;
        }
    }
}

async fn spawn_ten() {
    for _ in 0..STEPS {
        let ended = Command::new(PROGRAM).env_clear().stdin(Stdio::null()).status().await;
        assert!(ended.expect("starts").success());
    }
}

async fn start_ten(sandboxed: Sandboxed) {
    for _ in 0..STEPS {
        sandboxed.start().await;
    }
}

/// The executor: a sandboxed process for every step.
#[derive(Clone)]
struct Sandboxed {
    launcher: Launcher,
    /// What agents must not see, as the data folder is in the product.
    hidden: PathBuf,
}

impl Sandboxed {
    /// Starts the program with the limits that agents have by default, and waits until nothing of it is left.
    async fn start(&self) {
        let limits = Limits {
            memory: Some(ByteSize(1 << 30)),
            processes: Some(64),
            open_files: Some(1024),
            file_size: Some(ByteSize(1_000_000_000)),
            cpu_time: None,
        };
        let hidden = vec![self.hidden.clone()];
        let spec = Spec { argv: vec![PROGRAM.into()], cwd: "/".into(), limits, hidden, ..Spec::default() };
        let child = self.launcher.start(spec).await.expect("starts");
        assert_eq!(child.wait().await.how, How::Code(0));
    }

    async fn step(&self) -> Outcome {
        self.start().await;
        done(&PAYLOAD)
    }
}

impl Execute for Sandboxed {
    fn execute(&self, _: Task, _: Control) -> Execution<'_> {
        Box::pin(self.step())
    }

    fn calls_out(&self) -> bool {
        false
    }
}
