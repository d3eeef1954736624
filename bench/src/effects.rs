//! W1 with the agent in its own process and its effects outside of it: ten model calls a run, through the gateway.
//!
//! A run is one step; its process makes ten calls, one after the other on one connection, and ends. In the product's
//! path: engine, store, worker and gateway, two commits with fsync for each call. The ceiling starts the same process in
//! a bare loop and passes its calls through a bare proxy. The upstream is a process of its own and not counted. Not in
//! the path: the sandbox, and the start of an interpreter, since the agent is this binary.

use std::{fs, process::Stdio, sync::Arc, time::Duration};

use mainspring_api::worker::Task;
use mainspring_worker::{Control, Execute, Execution, Outcome};
use tokio::process::Command;

use crate::{
    Options,
    contest::{CONCURRENCIES, Contest},
    gateway::settings,
    load::Caller,
    measure::drive,
    peer::{Peer, proxy},
    product::{Product, done, run_of},
    report::Verdict,
    scratch::scratch,
    w1::{PAYLOAD, STEPS},
};

/// The sequence number of such a run's last entry: its creation, two for each call, the end of its step, its outcome.
const LAST_SEQ: u64 = 3 + 2 * STEPS as u64;

/// Measures both in interleaved rounds. No gate: what bounds both is how fast this machine starts processes.
pub(crate) fn run(options: Options) -> Verdict {
    let mut contest = Contest::new(
        "as w1 with one step and one process a run, and ten model calls through the gateway; without the sandbox",
    );
    let upstream = Peer::upstream();
    tokio::runtime::Runtime::new().expect("a runtime").block_on(hold(&mut contest, &upstream, options));
    contest.end(options, |_| Vec::new())
}

async fn hold(contest: &mut Contest, upstream: &Peer, options: Options) {
    let length = Duration::from_secs_f64(options.seconds);
    let proxy = proxy::open(upstream.door.url.clone()).await;
    for _ in options.each_round() {
        for (place, concurrency) in CONCURRENCIES.into_iter().enumerate() {
            let url = proxy.url.clone();
            let bare = move || {
                let url = url.clone();
                async move { call_ten(&url, "no-key").await }
            };
            contest.ceiling.add(place, drive((concurrency, STEPS), length, bare).await);

            let folder = scratch();
            let data = Product::data(folder.path());
            fs::create_dir_all(data.root()).expect("a folder");
            fs::write(data.config_file(), settings(&upstream.door.url)).expect("the settings are written");
            let product = Product::start(folder.path(), Arc::new(Callers)).await;
            let engine = product.engine().clone();
            let run = move || run_of(engine.clone(), 1, LAST_SEQ);
            contest.product.add(place, drive((concurrency, STEPS), length, run).await);
            product.stop().await;
        }
    }
}

/// The executor: a process for every run, which makes its calls and ends.
struct Callers;

impl Callers {
    async fn work(task: Task) -> Outcome {
        let boundary = task.boundary.expect("the gateway is open");
        call_ten(&boundary.url, &boundary.token).await;
        done(&PAYLOAD)
    }
}

impl Execute for Callers {
    fn execute(&self, task: Task, _: Control) -> Execution<'_> {
        Box::pin(Self::work(task))
    }
}

/// This binary, started again as an agent; returns once it is reaped.
async fn call_ten(url: &str, token: &str) {
    let mut agent = Command::new(std::env::current_exe().expect("this binary"));
    agent.args(["call", url, token]).env_clear().stdin(Stdio::null());
    assert!(agent.status().await.expect("starts").success(), "the agent failed");
}

/// The agent: ten questions to the server it is told, under the key it is given.
pub(crate) fn call(mut words: impl Iterator<Item = String>) {
    let mut word = || words.next().expect("an agent is told where to call, and its key");
    let (url, token) = (word(), word());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(async { Caller::connect(&url, vec![token]).await.ask(STEPS).await });
}
